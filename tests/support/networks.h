/* networks.h: networks that tests train on models written by hand, and their files. Failures end the test. */
#ifndef FLOE_TESTS_NETWORKS_H
#define FLOE_TESTS_NETWORKS_H

#include <stddef.h>
#include <stdint.h>

#include <floe/model.h>

#include "runtime/train/network.h"

/* ---- functions of a model all of whose coordinates are its values ---- */

size_t data_as_scratch(const struct floe_layout *layout); /* as much scratch as there are data */
void copy_values(const struct floe_context *c, size_t n, const double *from, double *to, double *scratch);
void copy_data(const struct floe_context *c, const double *data, double *prepared, double *scratch);

/* A standard normal number of simulation `point`; site and element tell the numbers of one simulation apart. */
double normal(const struct floe_sampling *s, size_t point, uint64_t site, uint64_t element);

/* ---- networks ---- */

struct floe_network *trained(const struct floe_model *model, uint64_t seed, size_t n_thread);

/* A file of this process in the folder for temporary ones. Static: good until the next call. */
char *path_of(const char *name);

/* A network's bytes, as saved; to be freed by floe__free. */
char *bytes_of(const struct floe_network *network, size_t *length);

#endif
