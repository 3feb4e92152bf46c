#include "runtime/study/predictive.h"

#include <jansson.h>
#include <stdio.h>

#include "base/file.h"
#include "base/text.h"
#include "runtime/report/results.h"
#include "runtime/trust/loo.h"

static floe_status write_text(struct session *session, const char *kind, const char *path, struct floe__text *text,
                              struct floe_error *error) {
  const floe_status status = text->failed ? floe__fail(error, FLOE_EENVIRONMENT, path, "", "out of memory")
                                          : floe__file_write(path, text->data, text->length, error);
  floe__text_free(text);
  if (status == FLOE_OK) session_file(session, kind, path);
  return status;
}

static floe_status write_each(struct session *session, const struct posterior_draws *draws, const struct floe_loo *loo,
                              struct floe_error *error) {
  struct floe__text out = {0};
  char path[STUDY_PATH_LENGTH], name[256];
  floe__text_puts(&out, "observation,elpd_loo,p_loo,khat,elpd_waic,p_waic\n");
  for (size_t i = 0; i < loo->n; i++) {
    const struct floe_left_out *left = &loo->each[i];
    floe_left_out_name(draws->context->layout, session->dataset, left, name, sizeof name);
    floe__text_printf(&out, "\"%s\",%.10g,%.10g,%.10g,%.10g,%.10g\n", name, left->elpd, left->p, left->khat,
                      left->waic_elpd, left->waic_p);
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

floe_status leave_out(struct session *session, const struct posterior_draws *draws, struct floe_error *error) {
  struct floe_loo *loo = NULL;
  const struct floe_loo_draws of = {draws->n_chain, draws->n_draw, draws->values, NULL, session->threads};
  const floe_status status = floe_loo(draws->context, &of, &loo, error);
  if (status != FLOE_OK) return status;
  json_t *object = elpd_json(&loo->loo), *which = unreliable(session, draws, loo),
         *variables = by_variable(session, loo);
  json_object_set_new(object, "n", json_integer((json_int_t)loo->n));
  json_object_set_new(object, "khat_threshold", result_real(loo->threshold));
  json_object_set_new(object, "khat_above", which);
  json_object_set_new(object, "by_variable", variables);
  json_object_set_new(object, "waic", elpd_json(&loo->waic));
  json_object_set_new(json_object_get(session->answer, "result"), "loo", object);
  tell(session, loo, variables, which);
  const floe_status written = write_each(session, draws, loo, error);
  floe_loo_free(loo);
  return written;
}
