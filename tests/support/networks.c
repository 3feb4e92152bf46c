#include "tests/support/networks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <floe/draws.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

size_t data_as_scratch(const struct floe_layout *layout) {
  return layout->n_data;
}

void copy_values(const struct floe_context *c, size_t n, const double *from, double *to, double *scratch) {
  (void)scratch;
  memcpy(to, from, n * c->layout->n_value * sizeof *to);
}

void copy_data(const struct floe_context *c, const double *data, double *prepared, double *scratch) {
  (void)scratch;
  memcpy(prepared, data, c->layout->n_data * sizeof *data);
}

double normal(const struct floe_sampling *s, size_t point, uint64_t site, uint64_t element) {
  struct floe_stream stream;
  floe_stream_open(&stream, s->seed, s->purpose, s->first_unit + point, site, element);
  return floe_draw_normal(&stream);
}

struct floe_network *trained(const struct floe_model *model, uint64_t seed, size_t n_thread) {
  const struct floe_network_options options = {.seed = seed, .n_thread = n_thread};
  struct floe_network *network;
  struct floe_error error = {0};
  if (floe_network_train(model, &options, NULL, &network, &error)) fail_msg("%s: %s", error.where, error.message);
  return network;
}

char *path_of(const char *name) {
  static char path[512];
  const char *folder = getenv("TMPDIR");
  snprintf(path, sizeof path, "%s/floe-test-%ld-%s", folder ? folder : "/tmp", (long)getpid(), name);
  return path;
}

char *bytes_of(const struct floe_network *network, size_t *length) {
  char *bytes = NULL;
  const char *path = path_of("bytes");
  assert_int_equal(floe_network_save(network, path, NULL), FLOE_OK);
  assert_int_equal(floe__file_read(path, 1u << 30, &bytes, length, NULL), FLOE_OK);
  unlink(path);
  return bytes;
}
