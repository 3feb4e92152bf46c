#include "runtime/study/selftest_prior.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/data/layout.h"
#include "runtime/data/universe.h"
#include "runtime/math/order.h"
#include "runtime/study/quadrature.h"

enum { DRAWS = 200, POINTS = 4, REACH = 30, NEAR = 8, QUANTILES = 20, MOST_INTEGRALS = 64 };

struct prior {
  struct floe_context context;
  double *u;     /* (n_coordinate) the centre of all coordinates, but for one that moves */
  double *other; /* (n_coordinate) a simulated point */
  double *scratch;
  double *draws;  /* (n_variable, DRAWS) of its coordinates, sorted */
  size_t *n_draw; /* (n_variable) */
  double level;   /* the log prior at the centre */
};

static const struct floe_layout *layout_of(const struct prior *p) {
  return p->context.layout;
}

static double log_prior(struct prior *p, const double *u) {
  double value, terms[FLOE_N_TAG];
  layout_of(p)->model->log_density(&p->context, 1, u, &value, terms, p->scratch);
  return terms[FLOE_PRIOR] + terms[FLOE_JACOBIAN];
}

static bool is_unknown(const struct prior *p, size_t v) {
  const struct floe_layout *layout = layout_of(p);
  return layout->coordinate[v] != FLOE_NONE && !floe_variable_is_data(&layout->model->variables[v]) &&
         floe_variable_present(layout->model, p->context.universe, v);
}

static void enter(struct prior *p, const struct floe_simulations *simulations, size_t k) {
  struct floe_context context = p->context;
  context.data = simulations->data + k * simulations->n_data;
  layout_of(p)->model->unconstrain(&context, 1, simulations->values + k * simulations->n_value, p->other, p->scratch);
}

/* All elements of a variable have one centre: the median of what is simulated. */
static void find_centre(struct prior *p, const struct floe_simulations *simulations) {
  const struct floe_layout *layout = layout_of(p);
  for (size_t k = 0; k < DRAWS && k < simulations->n; k++) {
    enter(p, simulations, k);
    for (size_t v = 0; v < layout->model->n_variable; v++) {
      if (!is_unknown(p, v) || !layout->free[v]) continue;
      const double u = p->other[layout->coordinate[v] + k % layout->free[v]];
      if (isfinite(u)) p->draws[v * DRAWS + p->n_draw[v]++] = u;
    }
  }
  for (size_t v = 0; v < layout->model->n_variable; v++) {
    const size_t n = p->n_draw[v];
    floe__sort(n, p->draws + v * DRAWS);
    for (size_t k = 0; n && k < layout->free[v]; k++) p->u[layout->coordinate[v] + k] = p->draws[v * DRAWS + n / 2];
  }
  p->level = log_prior(p, p->u);
}

/* How the log prior changes where one coordinate leaves the centre. */
static double change(struct prior *p, size_t i, double to) {
  const double from = p->u[i];
  p->u[i] = to;
  const double value = log_prior(p, p->u) - p->level;
  p->u[i] = from;
  return value;
}

/* At simulated points: the log prior is the sum of what each coordinate alone adds to it. */
static bool is_sum(struct prior *p, const struct floe_simulations *simulations) {
  const struct floe_layout *layout = layout_of(p);
  for (size_t k = 0; k < POINTS && k < simulations->n; k++) {
    double sum = 0, size = 1;
    enter(p, simulations, k);
    for (size_t v = 0; v < layout->model->n_variable; v++)
      for (size_t e = 0; is_unknown(p, v) && e < layout->free[v]; e++) {
        const size_t i = layout->coordinate[v] + e;
        const double part = change(p, i, p->other[i]);
        sum += part;
        size += fabs(part);
      }
    if (!(fabs(log_prior(p, p->other) - p->level - sum) < 1e-8 * (size + fabs(p->level)))) return false;
  }
  return true;
}

/* One coordinate u = centre + spread sinh s. */
struct factor {
  struct prior *p;
  size_t i;
  double spread;
};

static double factor_at(void *about, double s) {
  const struct factor *f = about;
  const double value = exp(change(f->p, f->i, f->p->u[f->i] + f->spread * sinh(s))) * f->spread * cosh(s);
  return isfinite(value) ? value : 0;
}

static int compare_numbers(const void *left, const void *right) {
  const double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

/* Panels that are wider far out, and quantiles of the draws, so that no mode of theirs is missed. */
static double factor_integral(struct prior *p, size_t v, size_t i, double *rough) {
  const double *draws = p->draws + v * DRAWS;
  const size_t n_draw = p->n_draw[v];
  const double spread = draws[3 * n_draw / 4] - draws[n_draw / 4];
  struct factor factor = {p, i, spread > 0 ? spread : 1};
  const struct integrand integrand = {factor_at, &factor};
  double knots[2 * REACH + 1 + QUANTILES], sum = 0;
  size_t n = 0;
  for (int s = -REACH; s <= REACH; s += s < -NEAR || s >= NEAR ? 2 : 1) knots[n++] = s;
  for (size_t k = 0; k < QUANTILES; k++)
    knots[n++] = asinh((draws[k * (n_draw - 1) / (QUANTILES - 1)] - p->u[i]) / factor.spread);
  qsort(knots, n, sizeof *knots, compare_numbers);
  for (size_t k = 1; k < n; k++) sum += study_integral(&integrand, knots[k - 1], knots[k], rough);
  return sum;
}

/* Whether the element has the same factor as the one before it, as those of an array mostly have. */
static bool is_like_last(struct prior *p, size_t v, size_t e) {
  const double *draws = p->draws + v * DRAWS;
  const size_t i = layout_of(p)->coordinate[v] + e, n = p->n_draw[v];
  const double places[] = {draws[0], draws[n / 4], draws[3 * n / 4], draws[n - 1]};
  for (size_t k = 0; e > 0 && k < sizeof places / sizeof *places; k++) {
    const double here = change(p, i, places[k]), before = change(p, i - 1, places[k]);
    if (!(fabs(here - before) <= 1e-9 * (1 + fabs(here) + fabs(p->level)))) return false;
  }
  return e > 0;
}

static double product(struct prior *p) {
  const struct floe_layout *layout = layout_of(p);
  double log_mass = p->level, last = 0, rough = 0;
  size_t n_integral = 0;
  for (size_t v = 0; v < layout->model->n_variable; v++)
    for (size_t e = 0; is_unknown(p, v) && e < layout->free[v]; e++) {
      if (!is_like_last(p, v, e)) {
        if (n_integral++ == MOST_INTEGRALS) return NAN;
        last = log(factor_integral(p, v, layout->coordinate[v] + e, &rough));
      }
      log_mass += last;
    }
  return rough < 1e-3 ? exp(log_mass) : NAN;
}

/* Whether each unknown was drawn, and all of its elements are there. */
static bool is_complete(const struct prior *p) {
  const struct floe_layout *layout = layout_of(p);
  for (size_t v = 0; v < layout->model->n_variable; v++)
    for (size_t e = 0; is_unknown(p, v) && e < layout->free[v]; e++)
      if (p->n_draw[v] < 2 || !floe_coordinate_free(layout, p->context.data, v, e)) return false;
  return isfinite(p->level);
}

bool selftest_prior(const struct floe_simulations *simulations, const struct floe_universe *universe, double *mass) {
  const struct floe_layout *layout = simulations->layouts[0];
  const size_t n_variable = layout->model->n_variable;
  double *block = FLOE__NEW(2 * layout->n_coordinate + layout->n_scratch + n_variable * DRAWS + 1, double);
  size_t *n_draw = FLOE__NEW(n_variable + 1, size_t);
  const bool there = block && n_draw;
  if (there) {
    struct prior p = {.context = {.layout = layout,
                                  .universe = universe,
                                  .coordinates = FLOE_FAMILY_COORDINATES,
                                  .data = simulations->data},
                      .u = block,
                      .other = block + layout->n_coordinate,
                      .scratch = block + 2 * layout->n_coordinate,
                      .n_draw = n_draw};
    p.draws = p.scratch + layout->n_scratch;
    find_centre(&p, simulations);
    *mass = is_complete(&p) && is_sum(&p, simulations) ? product(&p) : NAN;
  }
  floe__free(block);
  floe__free(n_draw);
  return there;
}
