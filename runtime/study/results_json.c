#include "runtime/study/results_json.h"

#include <jansson.h>

#include "base/memory.h"
#include "runtime/data/universe.h"
#include "runtime/multiverse/claims.h"
#include "runtime/multiverse/prediction.h"
#include "runtime/report/results.h"
#include "runtime/study/quantities.h"

static json_t *study_member(const struct session *session) {
  json_t *sizes = json_object();
  for (size_t k = 0; k < session->model->n_dimension; k++)
    json_object_set_new(sizes, session->model->dimensions[k].name,
                        json_integer((json_int_t)session->dataset->layout->size[k]));
  return json_pack("{s:s, s:s, s:s, s:s, s:I, s:o}", "name", session->model->name, "title", session->model->title,
                   "fingerprint", session->model->fingerprint, "data", session->dataset->path, "seed",
                   (json_int_t)session->seed, "sizes", sizes);
}

static json_t *axis_member(const struct floe_axis *axis) {
  json_t *object = json_pack("{s:s, s:s, s:s, s:b, s:b}", "name", axis->name, "description", axis->description, "kind",
                             axis->continuous ? "continuous" : "discrete", "equivalence", axis->equivalence, "prepares",
                             axis->prepares);
  if (axis->continuous) {
    json_object_set_new(object, "low", json_real(axis->low));
    json_object_set_new(object, "high", json_real(axis->high));
    json_object_set_new(object, "logarithmic", json_boolean(axis->logarithmic));
    json_object_set_new(object, "reference", json_real(axis->reference_value));
    return object;
  }
  json_t *options = json_array();
  for (size_t k = 0; k < axis->n_option; k++) json_array_append_new(options, json_string(axis->options[k].label));
  json_object_set_new(object, "options", options);
  json_object_set_new(object, "reference", json_string(axis->options[axis->reference].label));
  return object;
}

/* Over the universes that predict the data nearly as well as the best. */
static json_t *claim_among(const struct floe_multiverse *multiverse, const bool *fits, size_t claim) {
  const struct floe_claim_outcome outcome = floe_claim_outcome_among(multiverse, claim, fits);
  json_t *object = json_object();
  json_object_set_new(object, "lowest", result_real(outcome.lowest));
  json_object_set_new(object, "highest", result_real(outcome.highest));
  json_object_set_new(object, "holds", result_real(outcome.holds));
  json_object_set_new(object, "holds_strongly", result_real(outcome.holds_strongly));
  json_object_set_new(object, "universes", json_integer((json_int_t)outcome.n_universe));
  return object;
}

static json_t *prediction_member(const struct floe_prediction *p) {
  if (!p->known) return json_null();
  json_t *object = json_object();
  json_object_set_new(object, "elpd", result_real(p->elpd.elpd));
  json_object_set_new(object, "elpd_error", result_real(p->elpd.elpd_error));
  json_object_set_new(object, "p", result_real(p->elpd.p));
  json_object_set_new(object, "unreliable", json_integer((json_int_t)p->elpd.n_bad));
  json_object_set_new(object, "difference", result_real(p->difference));
  json_object_set_new(object, "difference_error", result_real(p->difference_error));
  json_object_set_new(object, "fits", p->comparable ? json_boolean(p->fits) : json_null());
  return object;
}

/* `loo` of the universes, and `fitting` of the claims. */
static void add_predictions(const struct floe_multiverse *multiverse, json_t *universes, json_t *claims) {
  const size_t n = multiverse->n_universe;
  struct floe_prediction *predictions = FLOE__NEW(n + 1, struct floe_prediction);
  bool *fits = FLOE__NEW(n + 1, bool);
  if (multiverse->left_out && predictions && fits) {
    (void)floe_predictions(multiverse, predictions);
    for (size_t k = 0; k < n; k++) {
      fits[k] = predictions[k].fits;
      json_object_set_new(json_array_get(universes, k), "loo", prediction_member(&predictions[k]));
    }
    for (size_t k = 0; k < json_array_size(claims); k++)
      json_object_set_new(json_array_get(claims, k), "fitting", claim_among(multiverse, fits, k));
  }
  floe__free(predictions);
  floe__free(fits);
}

static json_t *claim_member(const struct session *session, const struct floe_multiverse *multiverse, size_t claim) {
  const struct floe_claim_outcome outcome = floe_claim_outcome(multiverse, claim);
  json_t *object = json_object();
  json_object_set_new(object, "text", json_string(session->model->claims[claim].text));
  json_object_set_new(object, "reference", result_real(outcome.reference));
  json_object_set_new(object, "lowest", result_real(outcome.lowest));
  json_object_set_new(object, "highest", result_real(outcome.highest));
  json_object_set_new(object, "holds", result_real(outcome.holds));
  json_object_set_new(object, "holds_strongly", result_real(outcome.holds_strongly));
  json_object_set_new(object, "fails_strongly", result_real(outcome.fails_strongly));
  json_object_set_new(object, "universes", json_integer((json_int_t)outcome.n_universe));
  json_object_set_new(object, "left_out", json_integer((json_int_t)outcome.n_flagged));
  json_object_set_new(object, "flips", json_integer((json_int_t)outcome.n_flip));
  return object;
}

static json_t *universe_member(const struct session *session, const struct floe_multiverse *multiverse, size_t row) {
  const struct floe_universe *universe = &multiverse->universes->universe[row];
  const struct floe_outcome *outcome = &multiverse->outcomes[row];
  json_t *summaries = json_array(), *claims = json_array(), *ood = json_object();
  char id[512];
  floe_universe_id(session->model, universe, id, sizeof id);
  for (size_t k = 0; k < multiverse->n_report; k++)
    json_array_append_new(summaries, study_summary(floe_multiverse_summary(multiverse, row, k)));
  for (size_t c = 0; c < session->model->n_claim; c++)
    json_array_append_new(claims, result_real(floe_claim_probability(multiverse, row, c)));
  json_object_set_new(ood, "distance", result_real(outcome->distance));
  json_object_set_new(ood, "threshold", result_real(outcome->distance_threshold));
  return json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:s, s:o, s:o}", "id", id, "options",
                   study_universe_options(session->model, universe, false), "method", floe_method_name(outcome->method),
                   "khat", result_real(outcome->khat), "ood", ood, "ess", result_real(outcome->ess), "why",
                   outcome->why, "summaries", summaries, "claims", claims);
}

static json_t *effect_member(const struct floe_effect *effect, const struct floe_noise_floor *floor) {
  json_t *object = json_object();
  json_object_set_new(object, "median", result_real(effect->median));
  json_object_set_new(object, "largest", result_real(effect->largest));
  json_object_set_new(object, "low", result_real(effect->low));
  json_object_set_new(object, "high", result_real(effect->high));
  json_object_set_new(object, "toward", result_real(effect->toward));
  json_object_set_new(object, "distance", result_real(effect->distance));
  json_object_set_new(object, "share", result_real(effect->share_mean));
  json_object_set_new(object, "share_sd", result_real(effect->share_sd));
  json_object_set_new(object, "slope", result_real(effect->slope));
  json_object_set_new(object, "floor", result_real(floor->floor));
  json_object_set_new(object, "verdict", json_string(floe_matters_name(effect->matters)));
  return object;
}

static json_t *effects_of_axis(const struct session *session, const struct study_findings *findings, size_t axis) {
  const struct floe_effects *effects = findings->effects;
  const size_t n_report = findings->multiverse->n_report;
  json_t *quantities = json_array(), *claims = json_array();
  size_t pairs = 0;
  for (size_t k = 0; k < effects->n_output; k++) {
    const struct floe_effect *effect = &effects->effects[axis * effects->n_output + k];
    if (effect->n_pair > pairs) pairs = effect->n_pair;
    json_t *object = effect_member(effect, &effects->floors[k]);
    if (k >= n_report) json_object_set_new(object, "flips", json_integer((json_int_t)effect->n_flip));
    json_array_append_new(k < n_report ? quantities : claims, object);
  }
  return json_pack("{s:s, s:I, s:o, s:o}", "axis", session->model->axes[axis].name, "pairs", (json_int_t)pairs,
                   "quantities", quantities, "claims", claims);
}

static json_t *floor_member(const struct floe_noise_floor *floor) {
  json_t *object = json_object();
  json_object_set_new(object, "ensemble", result_real(floor->ensemble));
  json_object_set_new(object, "equivalence", result_real(floor->equivalence));
  json_object_set_new(object, "monte_carlo", result_real(floor->monte_carlo));
  json_object_set_new(object, "floor", result_real(floor->floor));
  return object;
}

static json_t *agreement_member(const struct session *session, const struct study_findings *findings,
                                const struct floe_agreement *agreement, const char *axis) {
  json_t *object = json_object();
  char name[256] = "a claim";
  if (agreement->output < findings->multiverse->n_report)
    study_quantity_name(session, agreement->output, name, sizeof name);
  json_object_set_new(object, "axis", json_string(axis));
  json_object_set_new(object, "quantity", json_string(name));
  json_object_set_new(object, "difference", result_real(agreement->difference));
  json_object_set_new(object, "threshold", result_real(agreement->threshold));
  json_object_set_new(object, "verdict", json_string(floe_verdict_name(agreement->verdict)));
  return object;
}

static json_t *equivalence_members(const struct session *session, const struct study_findings *findings) {
  json_t *list = json_array();
  const size_t n_extra = findings->multiverse->universes->n_extra;
  struct floe_agreement *agreements = FLOE__NEW(n_extra + 1, struct floe_agreement), reference;
  const size_t n = agreements && n_extra ? floe_equivalence_agreements(findings->multiverse, agreements) : 0;
  for (size_t k = 0; k < n; k++)
    json_array_append_new(
        list, agreement_member(session, findings, &agreements[k], session->model->axes[agreements[k].axis].name));
  if (floe_reference_agreement(findings->multiverse, &reference))
    json_array_append_new(list, agreement_member(session, findings, &reference, "ladder or MCMC"));
  floe__free(agreements);
  return list;
}

json_t *study_result(const struct session *session, const struct study_findings *findings) {
  const struct floe_multiverse *multiverse = findings->multiverse;
  json_t *axes = json_array(), *claims = json_array(), *universes = json_array(), *effects = json_array(),
         *floors = json_array(), *quantities = study_quantity_names(session);
  for (size_t k = 0; k < session->model->n_axis; k++) {
    json_array_append_new(axes, axis_member(&session->model->axes[k]));
    if (!session->model->axes[k].equivalence) json_array_append_new(effects, effects_of_axis(session, findings, k));
  }
  for (size_t k = 0; k < session->model->n_claim; k++)
    json_array_append_new(claims, claim_member(session, multiverse, k));
  for (size_t k = 0; k < multiverse->n_universe; k++)
    json_array_append_new(universes, universe_member(session, multiverse, k));
  add_predictions(multiverse, universes, claims);
  for (size_t k = 0; k < multiverse->n_report; k++)
    json_array_append_new(floors, floor_member(&findings->effects->floors[k]));
  return json_pack("{s:o, s:O, s:O, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:O}", "study", study_member(session), "network",
                   findings->training, "calibration", findings->calibration, "axes", axes, "quantities", quantities,
                   "claims", claims, "universes", universes, "effects", effects, "noise_floor", floors, "equivalence",
                   equivalence_members(session, findings), "checks", findings->checks);
}
