#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "tests/support/loaded.h"

/* Checks each quoted word that follows the keyword; returns how many there are. */
static size_t check_symbols(const char *path, const char *text, const char *keyword) {
  size_t n = 0;
  for (const char *at = text; (at = strstr(at, keyword)) != NULL;) {
    at += strlen(keyword);
    const size_t length = strcspn(at, "\"");
    char symbol[256];
    assert_true(length < sizeof symbol);
    memcpy(symbol, at, length);
    symbol[length] = '\0';
    if (!find_function(symbol)) fail_msg("%s: nothing in the runtime is called %s", path, symbol);
    n++;
  }
  return n;
}

static void every_symbol_of_the_standard_library_is_linked(void **state) {
  (void)state;
  const char *source = getenv("FLOE_SOURCE");
  char folder[4096];
  snprintf(folder, sizeof folder, "%s/stdlib", source ? source : ".");
  DIR *files = opendir(folder);
  assert_non_null(files);
  size_t n = 0;
  for (struct dirent *file; (file = readdir(files)) != NULL;) {
    const size_t name_length = strlen(file->d_name);
    if (name_length < 5 || strcmp(file->d_name + name_length - 5, ".floe") != 0) continue;
    char path[8192], *text;
    size_t length;
    snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
    assert_int_equal(floe__file_read(path, 1 << 20, &text, &length, NULL), FLOE_OK);
    n += check_symbols(path, text, " as \"") + check_symbols(path, text, " adjoint \"");
    floe__free(text);
  }
  closedir(files);
  assert_true(n >= 30);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_symbol_of_the_standard_library_is_linked)};
  return cmocka_run_group_tests_name("symbols", tests, NULL, NULL);
}
