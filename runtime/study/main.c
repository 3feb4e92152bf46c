/* main.c: a compiled study's main. */
#include <floe/model.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/answer.h"
#include "base/file.h"
#include "base/stop.h"
#include "base/study_verbs.h"
#include "base/text.h"
#include "runtime/study/session.h"
#include "runtime/study/verbs.h"

enum { NEEDS_VALUES = 1 /* of hyper values */, NEEDS_PRIOR = 2 /* draws from the prior */, NEEDS_DENSITY = 4 };

static const struct {
  const char *name;
  floe_status (*run)(struct session *session, struct floe_error *error);
  unsigned needs;
} runners[] = {
    {"run", verb_run, NEEDS_VALUES | NEEDS_PRIOR},
    {"universes", verb_universes, NEEDS_VALUES},
    {"selftest", verb_selftest, NEEDS_VALUES},
    {"simulate", verb_simulate, NEEDS_VALUES | NEEDS_PRIOR},
    {"train", verb_train, NEEDS_VALUES | NEEDS_PRIOR},
    {"verify", verb_verify, NEEDS_VALUES | NEEDS_PRIOR},
    {"sample", verb_sample, NEEDS_VALUES | NEEDS_DENSITY},
    {"infer", verb_infer, NEEDS_VALUES | NEEDS_PRIOR},
    {"multiverse", verb_multiverse, NEEDS_VALUES | NEEDS_PRIOR},
    {"report", verb_report, NEEDS_VALUES},
    {"elicit", verb_elicit, NEEDS_PRIOR},
    {"status", verb_status, 0},
    {"clean", verb_clean, 0},
};

/* The driver builds a study with the stored hyper values wherever they are current. */
static floe_status refuse_open_prior(const struct session *session, const char *verb, struct floe_error *error) {
  char path[STUDY_PATH_LENGTH];
  session_path(session, "elicited.json", path);
  const bool stale = floe__file_exists(path);
  return floe__fail(error, FLOE_EARTIFACT, stale ? path : "",
                    "run `floe elicit SPEC` first, or give them numbers: --set 'h = 2.3'",
                    stale ? "`%s` needs hyper values, and those that were elicited are of another spec"
                          : "`%s` needs hyper values, and none were elicited yet",
                    verb);
}

static floe_status possible(const struct session *session, const char *verb, unsigned needs, struct floe_error *error) {
  const struct floe_model *model = session->model;
  if ((needs & NEEDS_VALUES) && needs_hyper_values(model)) return refuse_open_prior(session, verb, error);
  if ((needs & NEEDS_DENSITY) && model->no_density)
    return floe__fail(error, FLOE_ESPEC, "", "use `floe infer SPEC DATA`, or say its density: `sim ... density = e`",
                      "`%s` needs a density, and there is none: %s", verb, model->no_density);
  for (size_t v = 0; v < model->n_variable && (needs & NEEDS_PRIOR); v++) {
    const struct floe_variable *variable = &model->variables[v];
    if (variable->improper)
      return floe__fail(error, FLOE_ESPEC, "", "use `floe sample SPEC DATA`, or give it a proper prior",
                        "`%s` needs draws from the prior, and that of `%s` is improper (~ flat)", verb, variable->name);
  }
  return FLOE_OK;
}

static floe_status run_verb(struct session *session, struct floe_error *error) {
  const char *verb = session->arguments->verb->name;
  for (size_t k = 0; k < sizeof runners / sizeof *runners; k++) {
    if (strcmp(runners[k].name, verb) != 0) continue;
    const floe_status status = possible(session, verb, runners[k].needs, error);
    return status == FLOE_OK ? runners[k].run(session, error) : status;
  }
  return floe__fail(error, FLOE_EUSAGE, "", "", "a compiled study has no verb `%s`", verb);
}

static int print_help(const struct floe__command *command, const struct floe__verb *verb) {
  struct floe__text text = {0};
  floe__help(command, verb, &text);
  if (text.data) fputs(text.data, stdout);
  floe__text_free(&text);
  return 0;
}

/* As `floe` starts studies. OpenBLAS starts its threads before main, whatever they are told later; they spin for a while and
 * take processor time from nobody's work. A study that was started by itself therefore starts once more. */
static void start_without_threads_of_blas(char **argv) {
  if (getenv("OPENBLAS_NUM_THREADS") || setenv("OPENBLAS_NUM_THREADS", "1", 0)) return;
  setenv("OMP_WAIT_POLICY", "passive", 0);
  execv("/proc/self/exe", argv); /* where that cannot be, it goes on as it is */
}

int floe_study_main(const struct floe_model *model, int argc, char **argv) {
  start_without_threads_of_blas(argv);
  const struct floe__command command = {model->name, model->title, "floe study", floe__study_verbs,
                                        floe__shared_options};
  struct floe__arguments arguments = {0};
  struct floe_error error = {0};
  struct session session = {0};
  bool wants_json = false;
  for (int k = 1; k < argc; k++) wants_json |= strcmp(argv[k], "--json") == 0;
  if (model->version != FLOE_MODEL_VERSION) {
    fprintf(stderr, "this study was compiled for another version of the runtime; build it again\n");
    return floe__exit_code(FLOE_EARTIFACT);
  }
  if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) return print_help(&command, NULL);
  floe_status status = floe__options_parse(&command, argc, argv, &arguments, &error);
  if (status == FLOE_OK && floe__option_given(&arguments, "help")) {
    print_help(&command, arguments.verb);
  } else {
    floe__stop_install();
    if (status == FLOE_OK) status = session_open(&session, model, &arguments, &error);
    if (status == FLOE_OK) status = run_verb(&session, &error);
    if (status == FLOE_OK || status == FLOE_EGATE) {
      if (wants_json) floe__answer_print(json_incref(session.answer), stdout);
    } else {
      floe__terminal_line_end(&session.line);
      floe__answer_failure(arguments.verb ? arguments.verb->name : "help", &error, wants_json);
    }
  }
  session_close(&session);
  floe__arguments_free(&arguments);
  if (fflush(stdout) != 0 || ferror(stdout)) {
    fprintf(stderr, "cannot write to standard output\n");
    status = FLOE_EENVIRONMENT;
  }
  return floe__exit_code(status);
}
