/* predictions.c: data sets that the posterior predicts, and how the observed one compares with them. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "runtime/data/layout.h"
#include "runtime/math/moments.h"
#include "runtime/math/order.h"
#include "runtime/report/draws_csv.h"
#include "runtime/report/results.h"
#include "runtime/report/table.h"
#include "runtime/sim/simulate.h"
#include "runtime/study/predictive.h"

void predictive_path(const struct session *session, const char *universe, const char *kind,
                     char path[STUDY_PATH_LENGTH]) {
  char name[300];
  snprintf(name, sizeof name, "%s_%.240s.csv", kind, universe);
  session_output_part(session, kind, name, path);
}

struct predictions {
  const struct posterior_draws *draws;
  size_t n;
  double *values,
      *columns; /* (n, n_value) of the posterior draws they rest on, (n, 2) their chains and numbers, from 1 */
  double *data; /* (n, n_data) */
  double *work; /* (n_data + n): observed values of one data set, and one number of each */
  bool *wanted; /* (n_variable) */
};

static void predictions_free(struct predictions *p) {
  floe__free(p->values);
  floe__free(p->columns);
  floe__free(p->data);
  floe__free(p->work);
  floe__free(p->wanted);
}

/* ---- drawing ---- */

static void take_draws(struct predictions *p) {
  const size_t n_value = p->draws->context->layout->n_value, all = p->draws->n_chain * p->draws->n_draw;
  for (size_t i = 0; i < p->n; i++) {
    const size_t s = (size_t)((double)i * (double)all / (double)p->n);
    if (n_value) memcpy(p->values + i * n_value, p->draws->values + s * n_value, n_value * sizeof(double));
    p->columns[2 * i] = (double)(s / p->draws->n_draw + 1);
    p->columns[2 * i + 1] = (double)(s % p->draws->n_draw + 1);
  }
}

static floe_status draw_all(struct session *session, struct predictions *p, struct floe_error *error) {
  const struct floe_layout *layout = p->draws->context->layout;
  const struct floe_model *model = layout->model;
  p->values = floe__new(p->n, (layout->n_value + 1) * sizeof(double));
  p->columns = FLOE__NEW(2 * p->n, double);
  p->data = floe__new(p->n, (layout->n_data + 1) * sizeof(double));
  p->work = FLOE__NEW(layout->n_data + p->n + 1, double);
  p->wanted = FLOE__NEW(model->n_variable + 1, bool);
  if (!p->values || !p->columns || !p->data || !p->work || !p->wanted)
    return floe__fail(error, FLOE_EENVIRONMENT, "--predict", "ask for fewer", "no memory for %zu predictions", p->n);
  for (size_t v = 0; v < model->n_variable; v++)
    p->wanted[v] = model->variables[v].role == FLOE_OBS && !model->variables[v].hidden &&
                   !(v && model->variables[v - 1].completes);
  take_draws(p);
  return floe_posterior_predictive(session->dataset, &session->universe, session->seed, 0, p->n, session->threads,
                                   p->values, p->data, error);
}

static floe_status write_predictions(struct session *session, const struct predictions *p, struct floe_error *error) {
  static const char *const names[] = {"chain__", "draw__"};
  char path[STUDY_PATH_LENGTH];
  const struct draws_csv csv = {.layout = p->draws->context->layout,
                                .universe = p->draws->universe,
                                .seed = session->seed,
                                .n_draw = p->n,
                                .n_column = 2,
                                .column_names = names,
                                .columns = p->columns,
                                .options = &session->universe};
  predictive_path(session, p->draws->universe, "predictions", path);
  const floe_status status = floe__predictions_csv_write(&csv, p->data, p->wanted, path, error);
  if (status == FLOE_OK) session_file(session, "predictions", path);
  return status;
}

/* ---- comparing ---- */

static double least(size_t n, const double *x) {
  return x[(size_t)floe_argmin(n, x) - 1];
}
static double greatest(size_t n, const double *x) {
  return x[(size_t)floe_argmax(n, x) - 1];
}

static const struct statistic {
  const char *name;
  double (*of)(size_t n, const double *x);
  size_t fewest; /* values */
  bool truths;   /* says something of truth values */
} statistics[] = {{"mean", floe__mean, 1, true},
                  {"sd", floe__sd, 2, false},
                  {"least", least, 2, false},
                  {"greatest", greatest, 2, false}};

enum { N_STATISTIC = sizeof statistics / sizeof *statistics };

/* x gets those elements of a variable that are observed, from any data vector. Returns how many. */
static size_t observed_of(const struct predictions *p, size_t v, const double *data, double *x) {
  const struct floe_layout *layout = p->draws->context->layout;
  const double *observed = p->draws->context->data + layout->offset[v];
  size_t n = 0;
  for (size_t k = 0; k < layout->count[v]; k++)
    if (!isnan(observed[k])) x[n++] = data[layout->offset[v] + k];
  return n;
}

static json_t *compare_statistic(const struct predictions *p, size_t v, const struct statistic *statistic) {
  const size_t n_data = p->draws->context->layout->n_data;
  double *x = p->work, *replicated = p->work + n_data, above = 0;
  size_t n = observed_of(p, v, p->draws->context->data, x);
  const double observed = statistic->of(n, x);
  for (size_t i = 0; i < p->n; i++) {
    n = observed_of(p, v, p->data + i * n_data, x);
    replicated[i] = statistic->of(n, x);
    const bool same = fabs(replicated[i] - observed) <= 1e-12 * fabs(observed);
    above += same ? 0.5 : replicated[i] > observed;
  }
  json_t *object = json_object();
  json_object_set_new(object, "statistic", json_string(statistic->name));
  json_object_set_new(object, "observed", result_real(observed));
  json_object_set_new(object, "q5", result_real(floe_quantile(p->n, replicated, 0.05)));
  json_object_set_new(object, "median", result_real(floe_quantile(p->n, replicated, 0.5)));
  json_object_set_new(object, "q95", result_real(floe_quantile(p->n, replicated, 0.95)));
  json_object_set_new(object, "p", result_real(above / (double)p->n));
  return object;
}

/* The share of observed values within the central intervals of their own predictions. */
static double coverage(const struct predictions *p, size_t v, double level) {
  const struct floe_layout *layout = p->draws->context->layout;
  const double *observed = p->draws->context->data + layout->offset[v];
  double *replicated = p->work + layout->n_data;
  size_t n = 0, within = 0;
  for (size_t k = 0; k < layout->count[v]; k++) {
    if (isnan(observed[k])) continue;
    for (size_t i = 0; i < p->n; i++) replicated[i] = p->data[i * layout->n_data + layout->offset[v] + k];
    floe__sort(p->n, replicated);
    n++;
    within += observed[k] >= floe__quantile_sorted(p->n, replicated, (1 - level) / 2) &&
              observed[k] <= floe__quantile_sorted(p->n, replicated, (1 + level) / 2);
  }
  return (double)within / (double)n;
}

static json_t *compare_variable(const struct predictions *p, size_t v) {
  const struct floe_variable *variable = &p->draws->context->layout->model->variables[v];
  json_t *list = json_array(), *object = json_object();
  const size_t n = observed_of(p, v, p->draws->context->data, p->work);
  json_object_set_new(object, "variable", json_string(variable->name));
  json_object_set_new(object, "n", json_integer((json_int_t)n));
  if (n && variable->base != FLOE_BOOL && variable->base != FLOE_CODE) {
    json_object_set_new(object, "within_50", result_real(coverage(p, v, 0.5)));
    json_object_set_new(object, "within_90", result_real(coverage(p, v, 0.9)));
  }
  for (size_t k = 0; k < N_STATISTIC && variable->base != FLOE_CODE; k++)
    if (n >= statistics[k].fewest && (variable->base != FLOE_BOOL || statistics[k].truths))
      json_array_append_new(list, compare_statistic(p, v, &statistics[k]));
  json_object_set_new(object, "statistics", list);
  return object;
}

/* ---- telling ---- */

static void tell_variable(struct session *session, const struct predictions *p, const json_t *object,
                          struct table *table) {
  const char *name = result_text(object, "variable");
  size_t k;
  json_t *s;
  json_array_foreach(json_object_get(object, "statistics"), k, s) {
    char what[256];
    const double share = result_number(s, "p");
    snprintf(what, sizeof what, "%.200s %s", name, result_text(s, "statistic"));
    table_word(table, what);
    table_number(table, "%.4g", result_number(s, "observed"));
    table_number(table, "%.4g", result_number(s, "q5"));
    table_number(table, "%.4g", result_number(s, "median"));
    table_number(table, "%.4g", result_number(s, "q95"));
    table_number(table, "%.3f", share);
    if (share < 0.005 || share > 0.995)
      session_remark(session, "predictive", "the %s of `%s` is %.4g; of %zu predicted data sets %.2g%% go %s it",
                     result_text(s, "statistic"), name, result_number(s, "observed"), p->n,
                     100 * fmin(share, 1 - share), share < 0.5 ? "above" : "below");
  }
}

static void tell(struct session *session, const struct predictions *p, const json_t *list) {
  struct floe__text out = {0};
  struct table table;
  size_t k;
  json_t *object;
  table_start(&table, "predicted", "observed", "5%", "median", "95%", "P(above)", NULL);
  json_array_foreach((json_t *)list, k, object) tell_variable(session, p, object, &table);
  table_end(&table, false, &out);
  json_array_foreach((json_t *)list, k, object) if (json_object_get(object, "within_90"))
      floe__text_printf(&out, "  %s: %.0f%% of %.0f within their 50%% intervals, %.0f%% within their 90%% intervals\n",
                        result_text(object, "variable"), 100 * result_number(object, "within_50"),
                        result_number(object, "n"), 100 * result_number(object, "within_90"));
  if (!session->json && out.data) fputs(out.data, stdout);
  floe__text_free(&out);
}

static void compare(struct session *session, const struct predictions *p) {
  const struct floe_model *model = session->model;
  json_t *list = json_array();
  for (size_t v = 0; v < model->n_variable; v++)
    if (p->wanted[v])
      json_array_append_new(list, compare_variable(p, v));
    else if (model->variables[v].role == FLOE_OBS)
      session_remark(session, "predictive", "`%s` is not predicted anew: %s", model->variables[v].name,
                     model->variables[v].hidden ? "it rests on discrete latents, which have no posterior"
                                                : "its missing values are unknowns of the model");
  tell(session, p, list);
  json_object_set_new(json_object_get(session->answer, "result"), "predictive", list);
}

floe_status predict(struct session *session, const struct posterior_draws *draws, size_t n, struct floe_error *error) {
  const size_t all = draws->n_chain * draws->n_draw;
  struct predictions p = {.draws = draws, .n = n < all ? n : all};
  floe_status status = draw_all(session, &p, error);
  if (status == FLOE_OK) status = write_predictions(session, &p, error);
  if (status == FLOE_OK) compare(session, &p);
  predictions_free(&p);
  return status;
}
