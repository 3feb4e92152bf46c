#include "runtime/study/session.h"

#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/answer.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "runtime/data/layout.h"
#include "runtime/data/pins.h"
#include "runtime/data/universe.h"

enum { MOST_COLUMNS = 256 };

/* A study that runs from inside its own folder keeps its artifacts there; otherwise they go to the current folder. */
static void default_folder(const struct floe_model *model, char folder[STUDY_PATH_LENGTH]) {
  char program[STUDY_PATH_LENGTH];
  const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  snprintf(folder, STUDY_PATH_LENGTH, "%s.study", model->name);
  if (length <= 0) return;
  program[length] = '\0';
  char *slash = strrchr(program, '/');
  if (!slash) return;
  *slash = '\0';
  const size_t n = strlen(program);
  if (n > 6 && strcmp(program + n - 6, ".study") == 0) snprintf(folder, STUDY_PATH_LENGTH, "%s", program);
}

static floe_status read_universe(struct session *session, struct floe_error *error) {
  static const char *const options[] = {"only", "at"};
  const size_t n_given = session->arguments->n_given;
  const char **texts = FLOE__NEW(n_given + 1, const char *);
  char implied[512];
  size_t n = 0;
  if (!texts) return floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  for (size_t k = 0; k < 2; k++)
    for (size_t i = 0; n < n_given && (texts[n] = floe__option_repeated(session->arguments, options[k], i)); i++) n++;
  floe_universe_reference(session->model, &session->universe);
  const floe_status status = floe_universe_select(session->model, n, texts, &session->universe, session->held, implied,
                                                  sizeof implied, error);
  floe__free(texts);
  if (status != FLOE_OK) return status;
  if (*implied) session_remark(session, "universe", "%s too: what is selected is there only", implied);
  if (floe_universe_permitted(session->model, &session->universe)) return FLOE_OK;
  return floe__fail(error, FLOE_EUSAGE, "--only", "choose options that no `forbid` or `require` excludes",
                    "the spec forbids this universe");
}

floe_status session_read(struct session *session, const char *path, const char *group, struct floe_dataset **dataset,
                         struct floe_error *error) {
  const char *columns[MOST_COLUMNS];
  size_t n = 0;
  while (n < MOST_COLUMNS && (columns[n] = floe__option_repeated(session->arguments, "columns", n))) n++;
  const struct floe_data_choice choice = {
      .n_columns = n,
      .columns = columns,
      .group_column = group ? floe__option_string(session->arguments, "group", NULL) : NULL,
      .group = group};
  return floe_data_read(session->model, path, &choice, dataset, error);
}

static floe_status read_data(struct session *session, const char *path, struct floe_error *error) {
  const floe_status status = session_read(session, path, NULL, &session->dataset, error);
  if (status != FLOE_OK) return status;
  for (size_t k = 0; k < session->dataset->n_note; k++)
    session_remark(session, "data", "%s", session->dataset->notes[k]);
  return FLOE_OK;
}

static floe_status refuse_what_is_absent(const struct session *session, struct floe_error *error) {
  static const char *const compiled[] = {"set", "allow", "allow-extern"};
  for (size_t k = 0; k < sizeof compiled / sizeof *compiled; k++)
    if (floe__option_given(session->arguments, compiled[k]))
      return floe__fail(error, FLOE_EUSAGE, "", "say it to the compiler: floe VERB SPEC ...",
                        "--%s comes too late for a compiled study", compiled[k]);
  if (floe__option_given(session->arguments, "budget"))
    return floe__fail(error, FLOE_EUSAGE, "", "interrupt it: training resumes", "--budget is not part of this version");
  return FLOE_OK;
}

static bool asks_network(const struct session *session) {
  static const char *const verbs[] = {"infer", "run", "multiverse", "report"};
  for (size_t k = 0; k < sizeof verbs / sizeof *verbs; k++)
    if (!strcmp(session->arguments->verb->name, verbs[k])) return true;
  return false;
}

/* What a network that was trained with pins holds. */
static floe_status read_pins(struct session *session, struct floe_error *error) {
  const size_t n = session->model->n_variable;
  if (!floe__option_given(session->arguments, "pin")) return FLOE_OK;
  bool trained = false;
  for (size_t v = 0; v < n; v++) trained = trained || session->model->variables[v].pinnable;
  if (!trained || !asks_network(session))
    return floe__fail(error, FLOE_EUSAGE, "", "say it to the compiler: floe VERB SPEC ...", "--pin comes too late for a compiled study");
  session->pins = FLOE__NEW(n + 1, double);
  if (!session->pins) return floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  for (size_t v = 0; v < n; v++) session->pins[v] = NAN;
  for (size_t i = 0;; i++) {
    const char *text = floe__option_repeated(session->arguments, "pin", i);
    if (!text) break;
    const floe_status status = floe_pin_read(session->model, text, session->pins, error);
    if (status != FLOE_OK) return status;
    const size_t used = strlen(session->pinned);
    snprintf(session->pinned + used, sizeof session->pinned - used, ",%s", text);
  }
  session_remark(session, "pin", "held as the network was trained for: %s", session->pinned + 1);
  return FLOE_OK;
}

floe_status session_open(struct session *session, const struct floe_model *model,
                         const struct floe__arguments *arguments, struct floe_error *error) {
  *session = (struct session){.model = model, .arguments = arguments};
  session->seed = (uint64_t)floe__option_integer(arguments, "seed", 1);
  session->threads = (size_t)floe__option_integer(arguments, "threads", (long long)floe__processors());
  session->json = floe__option_given(arguments, "json");
  session->quiet = floe__option_given(arguments, "quiet") || session->json;
  session->dry_run = floe__option_given(arguments, "dry-run");
  session->progress = (struct floe_progress){floe__terminal_line_report, &session->line};
  session->answer = floe__answer_new(arguments->verb->name, true, "pass");
  if (!session->answer) return floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  const char *folder = floe__option_string(arguments, "study", NULL);
  if (folder)
    snprintf(session->folder, sizeof session->folder, "%s", folder);
  else
    default_folder(model, session->folder);
  floe_status status = refuse_what_is_absent(session, error);
  if (status == FLOE_OK) status = read_universe(session, error);
  if (status == FLOE_OK) status = read_pins(session, error);
  const bool many = floe__option_given(arguments, "group"); /* the verb reads them one by one */
  if (status == FLOE_OK && arguments->n_positional > 0 && !many) status = read_data(session, arguments->positional[0], error);
  return status;
}

void session_close(struct session *session) {
  floe_data_free(session->dataset);
  floe__free(session->pins);
  session->pins = NULL;
  json_decref(session->answer);
  session->dataset = NULL;
  session->answer = NULL;
}

void session_path(const struct session *session, const char *name, char path[STUDY_PATH_LENGTH]) {
  snprintf(path, STUDY_PATH_LENGTH, "%.3800s/%.200s", session->folder, name);
}

void session_name_of_pins(const struct session *session, const char *stem, const char *ending, char name[STUDY_NAME_LENGTH]) {
  if (*session->pinned)
    snprintf(name, STUDY_NAME_LENGTH, "%.40s_%.100s%.40s", stem, session->pinned + 1, ending);
  else
    snprintf(name, STUDY_NAME_LENGTH, "%.40s%.40s", stem, ending);
}

void session_output(const struct session *session, const char *name, char path[STUDY_PATH_LENGTH]) {
  const char *output = floe__option_string(session->arguments, "output", NULL);
  if (output)
    snprintf(path, STUDY_PATH_LENGTH, "%s", output);
  else
    session_path(session, name, path);
}

void session_output_part(const struct session *session, const char *part, const char *name, char path[STUDY_PATH_LENGTH]) {
  const char *output = floe__option_string(session->arguments, "output", NULL);
  if (!output) {
    session_path(session, name, path);
    return;
  }
  size_t stem = strlen(output);
  if (stem > 4 && strcmp(output + stem - 4, ".csv") == 0) stem -= 4;
  snprintf(path, STUDY_PATH_LENGTH, "%.*s_%.80s.csv", (int)(stem < 4000 ? stem : 4000), output, part);
}

void session_remark(struct session *session, const char *code, const char *format, ...) {
  char text[1024];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  if (!session->quiet) fprintf(stderr, "%s\n", text);
  if (code) floe__answer_warn(session->answer, code, text, NULL, NULL);
}

size_t *session_sizes(const struct session *session, bool largest) {
  const size_t n = session->model->n_dimension;
  size_t *sizes = FLOE__NEW(n + 1, size_t);
  if (!sizes) return NULL;
  (largest ? floe_sizes_largest : floe_sizes_smallest)(session->model, sizes);
  for (size_t k = 0; session->dataset && k < n; k++) sizes[k] = session->dataset->layout->size[k];
  return sizes;
}

bool needs_hyper_values(const struct floe_model *model) {
  for (size_t a = 0; a < model->n_axis; a++)
    if (model->axes[a].hyper) return true;
  return false;
}

void session_file(struct session *session, const char *kind, const char *path) {
  json_object_set_new(json_object_get(session->answer, "files"), kind, json_string(path));
}
