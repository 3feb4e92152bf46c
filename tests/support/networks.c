#include "tests/support/networks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

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
