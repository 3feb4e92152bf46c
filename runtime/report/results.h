/* results.h: the one structure behind every report: the `result` object of `floe run --json`.
 *
 * Made by study/, kept in NAME.study/results.json, and turned by the writers of this folder into text for a terminal and
 * into an HTML page. Its members (all arrays in the order of the spec; intervals are 90% and equal-tailed):
 *   study        {name, title, fingerprint, data, seed, sizes: {index: size}}
 *   network      {members, simulations, seconds, loss, curve: [[simulations, training, validation], ...]} or null
 *   calibration  {simulations, verdict, quantities: [{name, calibration_error, nrmse, contraction, ecdf: [...] (rank ECDF minus uniform),
 *                 band: {low: [...], high: [...]}}], ...} or null
 *   axes         [{name, description, kind: "discrete|continuous", equivalence, prepares, options: [label, ...] | low, high,
 *                 logarithmic, reference}]
 *   quantities   [name, ...]: every element of every report: "mu", "theta[A]"
 *   claims       [{text, reference, lowest, highest, holds, holds_strongly, flips}]: shares of universes with P > 0.5, P >= 0.95;
 *                 with --loo fitting: {lowest, highest, holds, holds_strongly, universes}, of those that fit as well as the best
 *   universes    [{id, options: {axis: label or number}, method, khat, ood: {distance, threshold}, ess, why,
 *                 summaries: [{mean, median, sd, q5, q95, ess}], claims: [P], and with --loo
 *                 loo: {elpd, elpd_error, p, unreliable, difference, difference_error, fits} or null}], the reference first
 *   effects      [{axis, pairs, quantities: [{median, largest, low, high, share, floor, verdict}], claims: [{largest, flips}]}]
 *   noise_floor  [{ensemble, equivalence, monte_carlo, floor}] per quantity, in posterior sd units
 *   equivalence  [{axis, options: [a, b], quantity, difference, threshold, verdict}]
 *   checks       [{text, probability, share, se, verdict}] */
#ifndef FLOE_REPORT_RESULTS_H
#define FLOE_REPORT_RESULTS_H

#include <jansson.h>
#include <math.h>
#include <stdbool.h>

struct floe__text;

/* A number of an object; NaN where it is missing or null (JSON knows neither NaN nor infinity). */
static inline double result_number(const json_t *object, const char *key) {
  const json_t *value = json_object_get(object, key);
  return json_is_number(value) ? json_number_value(value) : NAN;
}

static inline const char *result_text(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

/* A number as JSON: null where it is not finite. */
static inline json_t *result_real(double number) {
  return isfinite(number) ? json_real(number) : json_null();
}

/* The whole answer as an envelope {schema, ok, verdict, gates, warnings, result, files, next}; see interface.md. */
void floe__report_terminal(const json_t *envelope, bool colour, struct floe__text *out);
void floe__report_markdown(const json_t *envelope, struct floe__text *out);
void floe__report_html(const json_t *envelope, struct floe__text *out);

#endif
