/* calibrate.h: how well the network is calibrated, measured once per network and kept. */
#ifndef FLOE_STUDY_CALIBRATE_H
#define FLOE_STUDY_CALIBRATE_H

#include "runtime/study/session.h"
#include "runtime/train/network.h"

struct json_t;

/* The calibration of the network: read from calibration.json if it belongs to this network; otherwise measured on fresh
 * simulations and written where `measure` says so, else JSON null. */
FLOE_NODISCARD floe_status study_calibration(struct session *session, const struct floe_network *network, bool measure,
                                             struct json_t **calibration, struct floe_error *error);

#endif
