/* main.c: `floe`. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/answer.h"
#include "base/arena.h"
#include "compiler/driver/driver.h"
#include "compiler/driver/table.h"

#define MEMORY_LIMIT ((size_t)2 << 30)

static void out_of_memory(void *context) {
  (void)context;
  fputs("error: not enough memory to compile the spec\n", stderr);
  _exit(floe__exit_code(FLOE_EENVIRONMENT));
}

/* `floe --help` and the like are verbs in disguise. */
static char *verb_behind(char *word) {
  static char help[] = "help", version[] = "version";
  if (!strcmp(word, "--help") || !strcmp(word, "-h")) return help;
  if (!strcmp(word, "--version") || !strcmp(word, "-V")) return version;
  return word;
}

static bool among(int argc, char **argv, const char *word) {
  for (int k = 1; k < argc; k++) {
    if (!strcmp(argv[k], word)) return true;
  }
  return false;
}

static floe_status run(struct driver *driver, struct floe_error *error) {
  floe_status status = floe__options_parse(&driver->command, driver->argc, driver->argv, &driver->arguments, error);
  if (status) return status;
  driver->json = floe__option_given(&driver->arguments, "json");
  driver->quiet = floe__option_given(&driver->arguments, "quiet");
  if (floe__option_given(&driver->arguments, "help")) return driver_help(driver, error);
  return table_runner(driver->arguments.verb->name)(driver, error);
}

int main(int argc, char **argv) {
  struct floe_error error = {0};
  struct driver driver = {.argc = argc, .argv = argv};
  driver.arena = floe__arena_new(MEMORY_LIMIT, out_of_memory, NULL);
  driver.command = table_command(driver.arena);
  if (argc > 1) argv[1] = verb_behind(argv[1]);
  floe_status status = run(&driver, &error);
  if (status && *error.message) {
    const char *verb = driver.arguments.verb ? driver.arguments.verb->name : "help";
    floe__answer_failure(verb, &error, among(argc, argv, "--json"));
  }
  if (fflush(stdout) != 0 || ferror(stdout)) {
    fputs("error: cannot write to standard output\n", stderr);
    if (!status) status = FLOE_EENVIRONMENT;
  }
  floe__arguments_free(&driver.arguments);
  floe__arena_free(driver.arena);
  return floe__exit_code(status);
}
