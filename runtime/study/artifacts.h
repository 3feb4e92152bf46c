/* artifacts.h: what a study keeps in NAME.study, and how it comes to be. Everything is written atomically; a stale or damaged
 * artifact is never used silently.
 *   network             the trained network          network.checkpoint  an interrupted training, to be resumed
 *   training.json       how training went            calibration.json    how well the network is calibrated
 *   elicited.json       hyper values of `elicit`
 *   results.json        the last answer of `run` or `multiverse`         report.html   the same as a page
 *   results_PINS.json   with numbers held by --pin                       report_PINS.html */
#ifndef FLOE_STUDY_ARTIFACTS_H
#define FLOE_STUDY_ARTIFACTS_H

#include <stdbool.h>

#include "runtime/study/session.h"
#include "runtime/train/network.h"

struct json_t;

/* The network: loaded if it is there and fits the spec; otherwise trained and saved where `train` says so, else
 * FLOE_EARTIFACT with advice. *trained tells which (may be NULL). */
FLOE_NODISCARD floe_status study_network(struct session *session, bool train, struct floe_network **network,
                                         bool *trained, struct floe_error *error);

/* training.json as an object, or null. */
struct json_t *study_training(const struct session *session);

/* A JSON artifact: written atomically; read back, or NULL where it is missing or damaged. */
FLOE_NODISCARD floe_status study_json_write(const struct session *session, const char *name, const struct json_t *value,
                                            struct floe_error *error);
struct json_t *study_json_read(const struct session *session, const char *name);

/* The hash of the network file, as hexadecimal digits: what calibration and results were made with. "" if there is none. */
void study_network_hash(const struct session *session, char hash[17]);

#endif
