#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"

#define SAMPLE_LENGTH 1000
static const char magic[8] = "FLOETEST";
static char folder[64], path[96];

static int make_folder(void **state) {
  (void)state;
  snprintf(folder, sizeof folder, "/tmp/floe-test.XXXXXX");
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/artifact", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  unlink(path);
  return rmdir(folder);
}

static void write_sample(void) {
  unsigned char payload[SAMPLE_LENGTH];
  for (size_t k = 0; k < sizeof payload; k++) payload[k] = (unsigned char)(k * k);
  assert_int_equal(floe__artifact_write(path, magic, 3, payload, sizeof payload, NULL), FLOE_OK);
}

static void expect_refusal(const char *word) {
  struct floe_error error = {0};
  void *payload;
  size_t length;
  assert_int_equal(floe__artifact_read(path, magic, 3, &payload, &length, &error), FLOE_EARTIFACT);
  assert_null(payload);
  assert_string_equal(error.where, path);
  if (!strstr(error.message, word)) fail_msg("`%s` does not speak of `%s`", error.message, word);
}

static void rewrite(const char *data, size_t length) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(data, 1, length, file), length);
  assert_int_equal(fclose(file), 0);
}

static void an_artifact_comes_back_as_it_was_written(void **state) {
  (void)state;
  void *payload;
  size_t length;
  write_sample();
  assert_int_equal(floe__artifact_read(path, magic, 3, &payload, &length, NULL), FLOE_OK);
  assert_int_equal(length, SAMPLE_LENGTH);
  assert_int_equal((uintptr_t)payload % 64, 0);
  for (size_t k = 0; k < length; k++) assert_int_equal(((unsigned char *)payload)[k], (unsigned char)(k * k));
  floe__free(payload);
}

static void every_flipped_bit_is_noticed(void **state) {
  (void)state;
  char *file;
  size_t length;
  write_sample();
  assert_int_equal(floe__file_read(path, 1 << 20, &file, &length, NULL), FLOE_OK);
  for (size_t byte = 0; byte < length; byte += byte < 40 || byte + 20 > length ? 1 : 61) {
    file[byte] ^= (char)(1 << byte % 8);
    rewrite(file, length);
    expect_refusal("");
    file[byte] ^= (char)(1 << byte % 8);
  }
  floe__free(file);
}

static void every_truncation_is_noticed(void **state) {
  (void)state;
  char *file;
  size_t length;
  write_sample();
  assert_int_equal(floe__file_read(path, 1 << 20, &file, &length, NULL), FLOE_OK);
  for (size_t kept = 8; kept < length; kept += 31) {
    rewrite(file, kept);
    expect_refusal("truncated");
  }
  rewrite(file, 0);
  expect_refusal("kind of file");
  floe__free(file);
}

static void another_version_and_another_kind_are_told_apart(void **state) {
  (void)state;
  assert_int_equal(floe__artifact_write(path, magic, 4, "x", 1, NULL), FLOE_OK);
  expect_refusal("version 4");
  assert_int_equal(floe__artifact_write(path, "SOMEELSE", 3, "x", 1, NULL), FLOE_OK);
  expect_refusal("kind of file");
}

static void a_missing_file_and_one_over_the_limit_are_refused(void **state) {
  (void)state;
  struct floe_error error = {0};
  char *data;
  size_t length;
  unlink(path);
  assert_int_equal(floe__file_read(path, 10, &data, &length, &error), FLOE_EARTIFACT);
  assert_int_equal(floe__file_write(path, "0123456789", 10, NULL), FLOE_OK);
  assert_int_equal(floe__file_read(path, 10, &data, &length, &error), FLOE_OK);
  assert_int_equal(length, 10);
  assert_string_equal(data, "0123456789");
  floe__free(data);
  assert_int_equal(floe__file_read(path, 9, &data, &length, &error), FLOE_EDATA);
  assert_null(data);
}

static void a_write_that_fails_leaves_the_old_file_and_nothing_else(void **state) {
  (void)state;
  struct floe_error error = {0};
  char inside[128];
  assert_int_equal(floe__file_write(path, "old", 3, NULL), FLOE_OK);
  snprintf(inside, sizeof inside, "%s/no-folder/file", folder);
  assert_int_equal(floe__file_write(inside, "new", 3, &error), FLOE_EENVIRONMENT);
  assert_string_equal(error.where, inside);
  snprintf(inside, sizeof inside, "%s/sub", path);
  assert_int_equal(floe__folder_make(inside, &error), FLOE_EENVIRONMENT);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(rmdir(folder), 0); /* it was empty */
  assert_int_equal(mkdir(folder, 0700), 0);
}

static void a_folder_that_takes_no_files_is_reported(void **state) {
  (void)state;
  struct floe_error error = {0};
  assert_int_equal(floe__file_write("/proc/floe-test", "x", 1, &error), FLOE_EENVIRONMENT);
  assert_string_equal(error.where, "/proc/floe-test");
}

static void folders_are_made_with_their_parents(void **state) {
  (void)state;
  char deep[128], middle[96];
  snprintf(middle, sizeof middle, "%s/a", folder);
  snprintf(deep, sizeof deep, "%s/b/", middle);
  assert_int_equal(floe__folder_make(deep, NULL), FLOE_OK);
  assert_int_equal(floe__folder_make(deep, NULL), FLOE_OK);
  assert_int_equal(rmdir(deep), 0);
  assert_int_equal(rmdir(middle), 0);
}

static void mark(void *context, size_t k, size_t thread) {
  assert_true(thread < 3);
  ((size_t *)context)[k] += k + 1;
}

static void every_unit_is_done_once_on_any_number_of_threads(void **state) {
  (void)state;
  for (size_t n_thread = 0; n_thread <= 3; n_thread++) {
    size_t done[500] = {0};
    floe__parallel(500, n_thread, mark, done);
    for (size_t k = 0; k < 500; k++) assert_int_equal(done[k], k + 1);
  }
  floe__parallel(0, 3, mark, NULL);
  assert_true(floe__processors() >= 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_artifact_comes_back_as_it_was_written),
      cmocka_unit_test(every_flipped_bit_is_noticed),
      cmocka_unit_test(every_truncation_is_noticed),
      cmocka_unit_test(another_version_and_another_kind_are_told_apart),
      cmocka_unit_test(a_missing_file_and_one_over_the_limit_are_refused),
      cmocka_unit_test(a_write_that_fails_leaves_the_old_file_and_nothing_else),
      cmocka_unit_test(a_folder_that_takes_no_files_is_reported),
      cmocka_unit_test(folders_are_made_with_their_parents),
      cmocka_unit_test(every_unit_is_done_once_on_any_number_of_threads),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
