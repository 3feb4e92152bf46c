/* main.c: a compiled study's main. */
#include <floe/model.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/answer.h"
#include "base/stop.h"
#include "base/study_verbs.h"
#include "base/text.h"
#include "runtime/study/session.h"
#include "runtime/study/verbs.h"

static const struct {
  const char *name;
  floe_status (*run)(struct session *session, struct floe_error *error);
  bool needs_prior; /* draws from it */
} runners[] = {
    {"run", verb_run, true},
    {"universes", verb_universes, false},
    {"selftest", verb_selftest, false},
    {"simulate", verb_simulate, true},
    {"train", verb_train, true},
    {"verify", verb_verify, true},
    {"sample", verb_sample, false},
    {"infer", verb_infer, true},
    {"multiverse", verb_multiverse, true},
    {"report", verb_report, false},
    {"status", verb_status, false},
    {"clean", verb_clean, false},
};

static floe_status possible(const struct floe_model *model, const char *verb, bool needs_prior,
                            struct floe_error *error) {
  for (size_t v = 0; v < model->n_variable && needs_prior; v++) {
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
    const floe_status status = possible(session->model, verb, runners[k].needs_prior, error);
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

int floe_study_main(const struct floe_model *model, int argc, char **argv) {
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
