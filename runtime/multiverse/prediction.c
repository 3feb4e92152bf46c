#include "runtime/multiverse/prediction.h"

#include <math.h>

static struct floe_prediction of_universe(const struct floe_multiverse *m, size_t row) {
  const struct floe_loo *loo = m->left_out[row], *reference = m->left_out[0];
  struct floe_prediction p = {.difference = NAN, .difference_error = NAN};
  if (!loo) return p;
  p.known = true;
  p.elpd = loo->loo;
  p.comparable = reference && loo->n == reference->n && m->observed[row] == m->observed[0] &&
                 m->outcomes[row].method != FLOE_FLAGGED && isfinite(loo->loo.elpd);
  return p;
}

size_t floe_predictions(const struct floe_multiverse *m, struct floe_prediction *predictions) {
  size_t best = FLOE_NONE;
  for (size_t row = 0; row < m->n_universe; row++) {
    predictions[row] = m->left_out ? of_universe(m, row) : (struct floe_prediction){.difference = NAN};
    if (predictions[row].comparable && (best == FLOE_NONE || predictions[row].elpd.elpd > predictions[best].elpd.elpd))
      best = row;
  }
  for (size_t row = 0; row < m->n_universe && best != FLOE_NONE; row++) {
    struct floe_prediction *p = &predictions[row];
    if (!p->comparable) continue;
    const struct floe_elpd difference = floe_loo_difference(m->left_out[row], m->left_out[best]);
    p->difference = difference.elpd;
    p->difference_error = difference.elpd_error;
    p->fits = row == best || -difference.elpd <= 2 * difference.elpd_error;
  }
  return best;
}
