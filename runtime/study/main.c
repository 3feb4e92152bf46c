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
} runners[] = {
    {"run", verb_run},           {"universes", verb_universes}, {"selftest", verb_selftest}, {"simulate", verb_simulate},
    {"train", verb_train},       {"verify", verb_verify},       {"sample", verb_sample},     {"infer", verb_infer},
    {"multiverse", verb_multiverse}, {"report", verb_report},   {"status", verb_status},     {"clean", verb_clean},
};

static floe_status run_verb(struct session *session, struct floe_error *error) {
  for (size_t k = 0; k < sizeof runners / sizeof *runners; k++)
    if (strcmp(runners[k].name, session->arguments->verb->name) == 0) return runners[k].run(session, error);
  return floe__fail(error, FLOE_EUSAGE, "", "", "a compiled study has no verb `%s`", session->arguments->verb->name);
}

static int print_help(const struct floe__command *command, const struct floe__verb *verb) {
  struct floe__text text = {0};
  floe__help(command, verb, &text);
  if (text.data) fputs(text.data, stdout);
  floe__text_free(&text);
  return 0;
}

int floe_study_main(const struct floe_model *model, int argc, char **argv) {
  const struct floe__command command = {model->name, model->title, "floe study", floe__study_verbs, floe__shared_options};
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
