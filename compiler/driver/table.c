#include "compiler/driver/table.h"

#include <string.h>

#include "base/arena.h"
#include "base/study_verbs.h"
#include "compiler/driver/configured.h"

static const struct floe__option fmt_options[] = {
    {.name = "check", .help = "change nothing; exit status 3 if the spec is not formatted", .kind = FLOE__FLAG},
    {.name = "stdout", .help = "print the formatted spec instead of writing it", .kind = FLOE__FLAG},
    {0}};
static const struct floe__option build_options[] = {
    {.name = "output", .argument = "PROGRAM", .help = "where the program goes (default: NAME.study/NAME)", .kind = FLOE__STRING, .letter = 'o'},
    {.name = "emit", .argument = "FORM", .help = "print the generated code", .kind = FLOE__STRING, .choices = "c"},
    {.name = "dump", .argument = "STAGE", .help = "print what a stage of the compiler makes", .kind = FLOE__STRING, .choices = "tokens|tree|typed|graph|program|c"},
    {.name = "study", .argument = "FOLDER", .help = "where the study's artifacts are kept (default: NAME.study)", .kind = FLOE__STRING},
    {.name = "lockstep", .help = "compile the density for many chains at once too, as sample --algorithm chees does", .kind = FLOE__FLAG},
    {0}};
static const struct floe__option help_options[] = {
    {.name = "man", .help = "print the manual page", .kind = FLOE__FLAG},
    {0}};

static const struct {
  struct floe__verb verb;
  floe_status (*run)(struct driver *driver, struct floe_error *error);
} own[] = {
    {{"check", "SPEC", "parse and check a spec; say what it makes possible", NULL}, driver_check},
    {{"fmt", "SPEC", "format a spec in place", fmt_options}, driver_fmt},
    {{"show", "SPEC [ID]", "one universe as a plain spec (default: the reference)", NULL}, driver_universe},
    {{"diff", "SPEC ID [ID]", "how two universes differ, or one and the reference", NULL}, driver_diff},
    {{"build", "SPEC", "compile a spec to a native study", build_options}, driver_build},
    {{"explain", "CODE", "what an error or warning means", NULL}, driver_explain},
    {{"doctor", "", "look at the compiler, the libraries and the folders that floe needs", NULL}, driver_doctor},
    {{"completion", "", "print completion for bash", NULL}, driver_completion},
    {{"help", "[VERB]", "what there is, or what a verb does", help_options}, driver_help},
    {{"version", "", "print the version", NULL}, driver_version},
};
enum { N_OWN = sizeof own / sizeof own[0], N_FIRST = 5 };

/* The verbs of a study stand between those that make it and those about floe itself. */
struct floe__command table_command(struct floe__arena *arena) {
  size_t n_study = 0, n = 0;
  while (floe__study_verbs[n_study].name) n_study++;
  struct floe__verb *verbs = floe__arena_array(arena, N_OWN + n_study + 1, sizeof *verbs);
  for (size_t k = 0; k < N_FIRST; k++) verbs[n++] = own[k].verb;
  for (size_t k = 0; k < n_study; k++) {
    const char *rest = floe__study_verbs[k].arguments;
    verbs[n] = floe__study_verbs[k];
    verbs[n++].arguments = floe__arena_printf(arena, "SPEC%s%s", *rest ? " " : "", rest);
  }
  for (size_t k = N_FIRST; k < N_OWN; k++) verbs[n++] = own[k].verb;
  return (struct floe__command){"floe", "a compiler for Bayesian multiverse analyses", FLOE_VERSION, verbs, floe__shared_options};
}

floe_status (*table_runner(const char *verb))(struct driver *driver, struct floe_error *error) {
  for (size_t k = 0; k < N_OWN; k++) {
    if (!strcmp(own[k].verb.name, verb)) return own[k].run;
  }
  return driver_study;
}
