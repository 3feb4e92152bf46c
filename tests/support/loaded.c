#include "tests/support/loaded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct floe_model *load_study(struct floe__arena *arena, const struct floe__text *code, const char *flags,
                                    void **library) {
  const char *root = getenv("FLOE_SOURCE"), *cc = getenv("CC"), *temporary = getenv("TMPDIR");
  char *folder = floe__arena_printf(arena, "%s/floe-generated.XXXXXX", temporary ? temporary : "/tmp");
  assert_non_null(mkdtemp(folder));
  const char *source = floe__arena_printf(arena, "%s/study.c", folder),
             *object = floe__arena_printf(arena, "%s/study.so", folder);
  FILE *file = fopen(source, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(code->data, 1, code->length, file), code->length);
  assert_int_equal(fclose(file), 0);
  const char *command = floe__arena_printf(arena, "%s -std=c17 %s -shared -fPIC -I'%s/runtime/include' -o %s %s",
                                           cc && *cc ? cc : "cc", flags, root ? root : ".", object, source);
  if (system(command) != 0) fail_msg("the generated code does not compile:\n%s", code->data);
  *library = dlopen(object, RTLD_LAZY);
  if (!*library) fail_msg("%s", dlerror());
  unlink(source);
  unlink(object);
  rmdir(folder);
  const struct floe_model *model = dlsym(*library, "floe_the_model");
  assert_non_null(model);
  return model;
}

loaded_function *find_function(const char *symbol) {
  loaded_function *function = NULL;
  void *program = dlopen(NULL, RTLD_LAZY), *found = dlsym(program, symbol);
  memcpy(&function, &found, sizeof function); /* ISO C has no cast from objects to functions; POSIX makes them alike */
  dlclose(program);
  return function;
}
