/* networks.h: networks that tests train, and their files. Failures end the test. */
#ifndef FLOE_TESTS_NETWORKS_H
#define FLOE_TESTS_NETWORKS_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/train/network.h"

struct floe_network *trained(const struct floe_model *model, uint64_t seed, size_t n_thread);

/* A file of this process in the folder for temporary ones. Static: good until the next call. */
char *path_of(const char *name);

/* A network's bytes, as saved; to be freed by floe__free. */
char *bytes_of(const struct floe_network *network, size_t *length);

#endif
