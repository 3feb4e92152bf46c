/* elicit_verb.c: hyper values from what an expert says, and how well the model matches it. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "runtime/data/universe.h"
#include "runtime/elicit/elicit.h"
#include "runtime/report/results.h"
#include "runtime/report/table.h"
#include "runtime/study/artifacts.h"
#include "runtime/study/gates_json.h"
#include "runtime/study/verbs.h"

/* Differences beyond their Monte Carlo error, in units of the statement's scale. */
static const double good_match = 0.05, poor_match = 0.25;

/* What the stages have found so far. */
struct findings {
  struct floe_universe universe; /* with the values that were found */
  bool found[FLOE_MAX_AXIS];
  json_t *hyper, *match;
  double worst; /* mismatch */
  size_t n_undetermined;
  struct floe__text text;
};

/* ---- where to look ---- */

static bool depends(const struct floe_model *model, const struct floe_universe *universe, const bool *found) {
  for (size_t a = 0; a < model->n_axis; a++)
    if (model->axes[a].hyper && !found[a] && floe_universe_active(model, universe, a)) return true;
  return false;
}

/* The universe at hand, or the first one a single option away that depends on a value which is still to be found. */
static bool next_universe(const struct floe_model *model, const struct findings *f, struct floe_universe *universe) {
  *universe = f->universe;
  if (depends(model, universe, f->found)) return true;
  for (size_t a = 0; a < model->n_axis; a++)
    for (size_t option = 0; option < model->axes[a].n_option; option++) {
      *universe = f->universe;
      universe->option[a] = option;
      if (floe_universe_permitted(model, universe) && depends(model, universe, f->found)) return true;
    }
  return false;
}

static size_t still_free(const struct floe_model *model, const struct floe_universe *universe, const bool *found,
                         size_t *axes) {
  size_t n = 0;
  for (size_t a = 0; a < model->n_axis; a++)
    if (model->axes[a].hyper && !found[a] && floe_universe_active(model, universe, a)) axes[n++] = a;
  return n;
}

static const char *first_missing(const struct floe_model *model, const bool *found) {
  for (size_t a = 0; a < model->n_axis; a++)
    if (model->axes[a].hyper && !found[a]) return model->axes[a].name;
  return NULL;
}

/* ---- one stage ---- */

static double mismatch(const struct floe_match *match) {
  return fmax(fabs(match->implied - match->target) - 3 * match->error, 0) / match->scale;
}

static const char *match_verdict(double difference) {
  return difference <= good_match ? "pass" : difference <= poor_match ? "warn" : "fail";
}

static void add_match(struct session *session, const struct floe_elicitation *e, const char *universe,
                      struct findings *f) {
  struct table table;
  floe__text_printf(&f->text, "\nuniverse %s\n", universe);
  table_start(&table, "elicited", "expert", "model", "error", "", NULL);
  for (size_t k = 0; k < e->n_match; k++) {
    const struct floe_match *match = &e->match[k];
    const struct floe_elicited *statement = &session->model->elicited[match->statement];
    const double difference = mismatch(match);
    char name[256];
    if (statement->levels)
      snprintf(name, sizeof name, "%.200s at %g", statement->text, statement->levels[match->level]);
    else
      snprintf(name, sizeof name, "%.200s", statement->text);
    table_word(&table, name);
    table_number(&table, "%.4g", match->target);
    table_number(&table, "%.4g", match->implied);
    table_number(&table, "%.2g", match->error);
    table_word(&table, match_verdict(difference));
    f->worst = fmax(f->worst, difference);
    json_array_append_new(f->match,
                          json_pack("{s:s, s:s, s:f, s:f, s:f, s:f, s:s}", "universe", universe, "statement", name,
                                    "expert", match->target, "implied", match->implied, "error", match->error,
                                    "mismatch", difference, "verdict", match_verdict(difference)));
  }
  table_end(&table, false, &f->text);
}

static void add_values(struct session *session, const struct floe_elicitation *e, const char *universe,
                       struct findings *f) {
  struct table table;
  if (!e->n_free) return;
  floe__text_printf(&f->text, "\n%zu of %zu restarts fit as well as the best\n", e->n_agree, e->n_restart);
  table_start(&table, "hyper value", "best", "lowest", "highest", "", NULL);
  for (size_t k = 0; k < e->n_free; k++) {
    const size_t axis = e->axis[k];
    json_t *restarts = json_array();
    f->found[axis] = true;
    f->universe.value[axis] = e->value[k];
    f->n_undetermined += !e->determined[k];
    table_word(&table, session->model->axes[axis].name);
    table_number(&table, "%.4g", e->value[k]);
    table_number(&table, "%.4g", e->low[k]);
    table_number(&table, "%.4g", e->high[k]);
    table_word(&table, e->determined[k] ? "" : e->n_agree > 1 ? "several values fit" : "found once only");
    for (size_t r = 0; r < e->n_restart; r++) json_array_append_new(restarts, result_real(e->restart[r][k]));
    json_array_append_new(f->hyper, json_pack("{s:s, s:s, s:f, s:f, s:f, s:b, s:I, s:o}", "name",
                                              session->model->axes[axis].name, "universe", universe, "value",
                                              e->value[k], "low", e->low[k], "high", e->high[k], "determined",
                                              e->determined[k], "agree", (json_int_t)e->n_agree, "restarts", restarts));
  }
  table_end(&table, false, &f->text);
}

static floe_status run_stage(struct session *session, const struct floe_universe *universe, const size_t *sizes,
                             struct findings *f, struct floe_error *error) {
  size_t axes[FLOE_MAX_AXIS];
  char id[512];
  struct floe_elicitation *elicitation = NULL;
  const struct floe_elicitation_plan plan = {.model = session->model,
                                             .seed = session->seed,
                                             .n_thread = session->threads,
                                             .universe = universe,
                                             .sizes = sizes,
                                             .dataset = session->dataset,
                                             .n_free = still_free(session->model, universe, f->found, axes),
                                             .free = axes,
                                             .n_restart =
                                                 (size_t)floe__option_integer(session->arguments, "restarts", 5),
                                             .progress = &session->progress};
  floe__terminal_line_start(&session->line, "elicit", session->quiet);
  const floe_status status = floe_elicit(&plan, &elicitation, error);
  floe__terminal_line_end(&session->line);
  if (status != FLOE_OK) return status;
  floe_universe_id(session->model, universe, id, sizeof id);
  add_match(session, elicitation, id, f);
  add_values(session, elicitation, id, f);
  floe_elicitation_free(elicitation);
  return FLOE_OK;
}

/* ---- what comes of it ---- */

/* Whether a minus may stand behind what was written: `normal(-1, 2)`, but `1 - (-1)`. */
static bool takes_minus(const struct floe__text *text) {
  size_t k = text->length;
  while (k > 0 && text->data[k - 1] == ' ') k--;
  return k > 0 && strchr("(,[", text->data[k - 1]);
}

/* "tau ~ half_normal($2)" with numbers in it */
static char *filled_in(const char *prior, const struct floe_universe *universe) {
  struct floe__text text = {0};
  for (const char *at = prior; *at;) {
    char *end = NULL;
    if (*at == '$') {
      const unsigned long axis = strtoul(at + 1, &end, 10);
      const double value = axis < FLOE_MAX_AXIS ? universe->value[axis] : NAN;
      floe__text_printf(&text, value < 0 && !takes_minus(&text) ? "(%.10g)" : "%.10g", value);
      at = end;
    } else {
      floe__text_append(&text, at++, 1);
    }
  }
  return text.data;
}

static json_t *priors_of(const struct floe_model *model, struct findings *f) {
  json_t *priors = json_array();
  if (model->n_prior) floe__text_puts(&f->text, "\n");
  for (size_t k = 0; k < model->n_prior; k++) {
    char *prior = filled_in(model->priors[k], &f->universe);
    json_array_append_new(priors, json_string(prior ? prior : ""));
    floe__text_printf(&f->text, "%s\n", prior ? prior : "");
    floe__free(prior);
  }
  return priors;
}

static json_t *values_of(const struct floe_model *model, const struct findings *f) {
  json_t *values = json_object();
  for (size_t a = 0; a < model->n_axis; a++)
    if (model->axes[a].hyper) json_object_set_new(values, model->axes[a].name, json_real(f->universe.value[a]));
  return values;
}

static floe_status conclude(struct session *session, struct findings *f, struct floe_error *error) {
  const struct floe_model *model = session->model;
  const bool poor = f->worst > poor_match, any = json_array_size(f->hyper) > 0;
  struct floe_gates gates = {0};
  floe_gates_at_most(&gates, "mismatch", f->worst, poor ? poor_match : good_match, poor ? FLOE_FAIL : FLOE_WARN);
  if (any) floe_gates_at_most(&gates, "undetermined hyper values", (double)f->n_undetermined, 0, FLOE_WARN);
  study_gates_set(session->answer, &gates);
  json_t *values = values_of(model, f), *priors = priors_of(model, f);
  json_object_set_new(
      session->answer, "result",
      json_pack("{s:O, s:O, s:O, s:O}", "values", values, "priors", priors, "hyper", f->hyper, "match", f->match));
  floe_status status = FLOE_OK;
  if (any && !poor && !session->dry_run) {
    json_t *artifact = json_pack("{s:s, s:I, s:O, s:O, s:O}", "prior", model->prior_fingerprint, "seed",
                                 (json_int_t)session->seed, "values", values, "hyper", f->hyper, "match", f->match);
    char path[STUDY_PATH_LENGTH];
    status = floe__folder_make(session->folder, error);
    if (status == FLOE_OK) status = study_json_write(session, "elicited.json", artifact, error);
    session_path(session, "elicited.json", path);
    if (status == FLOE_OK) session_file(session, "elicited", path);
    json_decref(artifact);
  }
  json_decref(values);
  json_decref(priors);
  if (status != FLOE_OK) return status;
  if (!session->json) {
    printf("%s  %s: the model %s what the expert says\n", floe_verdict_name(floe_gates_verdict(&gates)), model->name,
           poor                    ? "does not imply"
           : f->worst > good_match ? "roughly implies"
                                   : "implies");
    if (f->text.data) fputs(f->text.data, stdout);
  }
  if (f->n_undetermined)
    session_remark(session, "elicit",
                   "the statements leave several priors open: add one that tells them apart, or fix a hyper value");
  if (poor)
    session_remark(session, "elicit", "no hyper values were stored: change the statements, or the form of the prior");
  return poor ? FLOE_EGATE : FLOE_OK;
}

floe_status verb_elicit(struct session *session, struct floe_error *error) {
  const struct floe_model *model = session->model;
  if (!model->n_elicited)
    return floe__fail(error, FLOE_ESPEC, "", "for example: elicit quantiles(mu; 0.1, 0.9) = (2, 9)",
                      "the spec has no `elicit` statement");
  struct findings f = {.universe = session->universe, .hyper = json_array(), .match = json_array()};
  struct floe_universe universe = f.universe;
  size_t *sizes = session_sizes(session, true);
  floe_status status =
      sizes && f.hyper && f.match ? FLOE_OK : floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  if (status == FLOE_OK && !first_missing(model, f.found)) status = run_stage(session, &universe, sizes, &f, error);
  while (status == FLOE_OK && next_universe(model, &f, &universe))
    status = run_stage(session, &universe, sizes, &f, error);
  const char *missing = first_missing(model, f.found);
  if (status == FLOE_OK && missing)
    status = floe__fail(error, FLOE_ESPEC, "", "move there with --only, or remove it",
                        "no universe within one option of this one depends on `%s`", missing);
  if (status == FLOE_OK) status = conclude(session, &f, error);
  json_decref(f.hyper);
  json_decref(f.match);
  floe__text_free(&f.text);
  floe__free(sizes);
  return status;
}
