#include "runtime/study/predictive.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "runtime/data/layout.h"
#include "runtime/report/results.h"
#include "runtime/rng/bulk.h"
#include "runtime/rng/purpose.h"
#include "runtime/sim/simulate.h"
#include "runtime/trust/loo.h"
#include "runtime/trust/transform.h"

/* Predictions of all data at all draws that are kept: 512 MiB. */
static const size_t most_predictions = (size_t)1 << 26;

/* Leaving out, and what it needs for probability integral transforms: predictions, and whose of them can be used. */
struct leaving_out {
  const struct posterior_draws *draws;
  struct floe_loo *loo;
  double *predicted, *transforms; /* (n_chain, n_draw, n_data) or NULL, (n) in [0, 1], NaN where there are none */
  bool *separate;                 /* (n_variable) */
};

static void leaving_out_free(struct leaving_out *out) {
  floe_loo_free(out->loo);
  floe__free(out->predicted);
  floe__free(out->transforms);
  floe__free(out->separate);
}

/* Without room for them there are no transforms. */
static floe_status predict_all(struct session *session, struct leaving_out *out, struct floe_error *error) {
  const struct floe_layout *layout = out->draws->context->layout;
  const size_t n = out->draws->n_chain * out->draws->n_draw, n_variable = session->model->n_variable;
  out->separate = FLOE__NEW(n_variable + 1, bool);
  if (!out->separate) return floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  const floe_status status = floe_separate_observations(out->draws->context, out->draws->values, out->separate, error);
  bool any = false;
  for (size_t v = 0; v < n_variable && status == FLOE_OK; v++) {
    const bool completed = v && session->model->variables[v - 1].completes;
    out->separate[v] = out->separate[v] && !session->model->variables[v].hidden && !completed &&
                       session->model->variables[v].base != FLOE_CODE;
    any = any || out->separate[v];
  }
  if (status != FLOE_OK || !any || layout->n_data > most_predictions / n) return status;
  out->predicted = FLOE__NEW(n * layout->n_data, double);
  if (!out->predicted) return FLOE_OK;
  return floe_posterior_predictive(session->dataset, &session->universe, session->seed, 0, n, session->threads,
                                   out->draws->values, out->predicted, error);
}

static floe_status transform_all(const struct session *session, struct leaving_out *out, struct floe_error *error) {
  out->transforms = FLOE__NEW(out->loo->n, double);
  if (!out->transforms) return floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  floe__uniform_fill(session->seed, FLOE_PURPOSE_TRANSFORM, 0, 0, out->loo->n, out->transforms);
  for (size_t i = 0; i < out->loo->n; i++) {
    const struct floe_left_out *left = &out->loo->each[i];
    const bool known = out->predicted && out->separate[left->variable];
    out->transforms[i] = known ? fmin(left->below + out->transforms[i] * left->equal, 1) : NAN;
  }
  return FLOE_OK;
}

static floe_status write_text(struct session *session, const char *kind, const char *path, struct floe__text *text,
                              struct floe_error *error) {
  const floe_status status = text->failed ? floe__fail(error, FLOE_EENVIRONMENT, path, "", "out of memory")
                                          : floe__file_write(path, text->data, text->length, error);
  floe__text_free(text);
  if (status == FLOE_OK) session_file(session, kind, path);
  return status;
}

static floe_status write_each(struct session *session, const struct leaving_out *leaving, struct floe_error *error) {
  const struct posterior_draws *draws = leaving->draws;
  const struct floe_loo *loo = leaving->loo;
  struct floe__text out = {0};
  char path[STUDY_PATH_LENGTH], name[256];
  floe__text_puts(&out, "observation,elpd_loo,p_loo,khat,elpd_waic,p_waic,transform\n");
  for (size_t i = 0; i < loo->n; i++) {
    const struct floe_left_out *left = &loo->each[i];
    floe_left_out_name(draws->context->layout, session->dataset, left, name, sizeof name);
    floe__text_printf(&out, "\"%s\",%.10g,%.10g,%.10g,%.10g,%.10g,%.10g\n", name, left->elpd, left->p, left->khat,
                      left->waic_elpd, left->waic_p, leaving->transforms[i]);
  }
  predictive_path(session, draws->universe, "loo", path);
  return write_text(session, "loo", path, &out, error);
}

static json_t *elpd_json(const struct floe_elpd *e) {
  json_t *object = json_object();
  json_object_set_new(object, "elpd", result_real(e->elpd));
  json_object_set_new(object, "elpd_error", result_real(e->elpd_error));
  json_object_set_new(object, "p", result_real(e->p));
  json_object_set_new(object, "p_error", result_real(e->p_error));
  json_object_set_new(object, "ic", result_real(-2 * e->elpd));
  json_object_set_new(object, "unreliable", json_integer((json_int_t)e->n_bad));
  return object;
}

/* By variable, where there are several. */
static json_t *by_variable(const struct session *session, const struct floe_loo *loo) {
  json_t *list = json_array();
  for (size_t v = 0; v < session->model->n_variable; v++) {
    size_t n;
    const struct floe_elpd elpd = floe_loo_of_variable(loo, v, &n);
    if (n == 0 || n == loo->n) continue;
    json_t *object = elpd_json(&elpd);
    json_object_set_new(object, "variable", json_string(session->model->variables[v].name));
    json_object_set_new(object, "n", json_integer((json_int_t)n));
    json_array_append_new(list, object);
  }
  return list;
}

/* The observations that are hardest to leave out. */
static json_t *unreliable(const struct session *session, const struct posterior_draws *draws,
                          const struct floe_loo *loo) {
  enum { MOST = 20 };
  json_t *list = json_array();
  char name[256];
  for (size_t i = 0; i < loo->n && json_array_size(list) < MOST; i++) {
    if (loo->each[i].khat <= loo->threshold) continue;
    floe_left_out_name(draws->context->layout, session->dataset, &loo->each[i], name, sizeof name);
    json_array_append_new(list, json_pack("{s:s, s:o}", "name", name, "khat", result_real(loo->each[i].khat)));
  }
  return list;
}

/* For each variable whose observations have transforms: how far these are from uniform. */
static floe_status uniformity(struct session *session, const struct leaving_out *out, json_t *list,
                              struct floe_error *error) {
  floe_status status = FLOE_OK;
  double *u = FLOE__NEW(out->loo->n, double);
  if (!u) return floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  for (size_t v = 0; v < session->model->n_variable && status == FLOE_OK; v++) {
    struct floe_uniformity found;
    size_t n = 0;
    for (size_t i = 0; i < out->loo->n; i++)
      if (out->loo->each[i].variable == v && !isnan(out->transforms[i])) u[n++] = out->transforms[i];
    if (n < 2) continue;
    status = floe_uniformity(n, u, 0.95, &found, error);
    json_array_append_new(list,
                          json_pack("{s:s, s:I, s:o, s:b}", "variable", session->model->variables[v].name, "n",
                                    (json_int_t)n, "largest", result_real(found.largest), "within", found.within));
    if (!session->json)
      printf("  transforms of %s (LOO-PIT, %zu): %.3f from uniform at most, %s the 95%% band\n",
             session->model->variables[v].name, n, found.largest, found.within ? "within" : "not within");
  }
  floe__free(u);
  return status;
}

static void tell(struct session *session, const struct floe_loo *loo, const json_t *variables, const json_t *which) {
  size_t k;
  const json_t *of;
  if (!session->json) {
    printf("  leaving out one of %zu: elpd %.2f, standard error %.2f; p %.2f; looic %.2f (PSIS-LOO)\n", loo->n,
           loo->loo.elpd, loo->loo.elpd_error, loo->loo.p, -2 * loo->loo.elpd);
    printf("                            elpd %.2f, standard error %.2f; p %.2f (WAIC)\n", loo->waic.elpd,
           loo->waic.elpd_error, loo->waic.p);
    json_array_foreach((json_t *)variables, k, of)
        printf("  of these, %.0f of %s: elpd %.2f, standard error %.2f; p %.2f (PSIS-LOO)\n", result_number(of, "n"),
               result_text(of, "variable"), result_number(of, "elpd"), result_number(of, "elpd_error"),
               result_number(of, "p"));
  }
  if (!loo->loo.n_bad) return;
  const json_t *first = json_array_get(which, 0);
  session_remark(session, "loo",
                 "k-hat exceeds %.2f at %zu of %zu observations (the first: %s, %.2f): elpd is not to be "
                 "trusted there",
                 loo->threshold, loo->loo.n_bad, loo->n, result_text(first, "name"), result_number(first, "khat"));
}

static floe_status report(struct session *session, const struct leaving_out *out, struct floe_error *error) {
  const struct floe_loo *loo = out->loo;
  json_t *object = elpd_json(&loo->loo), *which = unreliable(session, out->draws, loo),
         *variables = by_variable(session, loo), *transforms = json_array();
  json_object_set_new(object, "n", json_integer((json_int_t)loo->n));
  json_object_set_new(object, "khat_threshold", result_real(loo->threshold));
  json_object_set_new(object, "khat_above", which);
  json_object_set_new(object, "by_variable", variables);
  json_object_set_new(object, "waic", elpd_json(&loo->waic));
  json_object_set_new(object, "transforms", transforms);
  json_object_set_new(json_object_get(session->answer, "result"), "loo", object);
  tell(session, loo, variables, which);
  const floe_status status = uniformity(session, out, transforms, error);
  return status == FLOE_OK ? write_each(session, out, error) : status;
}

floe_status leave_out(struct session *session, const struct posterior_draws *draws, struct floe_error *error) {
  struct leaving_out out = {.draws = draws};
  floe_status status = session->model->pointwise ? predict_all(session, &out, error) : FLOE_OK;
  const struct floe_loo_draws of = {draws->n_chain, draws->n_draw,    draws->values,
                                    NULL,           session->threads, out.predicted};
  if (status == FLOE_OK) status = floe_loo(draws->context, &of, &out.loo, error);
  if (status == FLOE_OK) status = transform_all(session, &out, error);
  if (status == FLOE_OK) status = report(session, &out, error);
  leaving_out_free(&out);
  return status;
}
