/* Whether a `power` method gives what it says: log p_a(x) - a log p(x) is the same at all x, and so it is with
 * (1 - a) log x besides for `power_log`. Compared at a few arguments, numbers and exponents, where the terms are known at
 * compile time; an argument may leave the domain of the family, so that all of several comparisons have to fail. */
#include "compiler/meaning/checker.h"

#include <math.h>
#include <string.h>

enum { N_SETTING = 3, N_PLACE = 4, FEWEST = 2 };

/* Number k of several between bounds that may be infinite, at a share in 0 .. 1 of them: rising with k and the share. */
static double number_between(const struct type *type, double low, double high, double share, size_t k) {
  const double step = share + 0.7 * (double)k;
  double value = isfinite(low) && isfinite(high) ? low + share * (high - low)
                 : isfinite(low)                 ? low + 0.1 + 3 * step
                 : isfinite(high)                ? high - 0.1 - 3 * step
                                                 : 5 * share - 2 + (double)k;
  return type->base == BASE_REAL ? value : round(value);
}

static double number_of_type(const struct type *type, const struct environment *environment, double share, size_t k) {
  double low = -INFINITY, high = INFINITY;
  if (type->base == BASE_BOOL) return share > 0.5;
  if (!constant_value(type->low, environment, &low)) low = -INFINITY;
  if (!constant_value(type->high, environment, &high)) high = INFINITY;
  return number_between(type, low, high, share, k);
}

/* inside: values for the formals of d. */
static bool log_density_at(const struct distribution *d, const struct environment *inside, double x, double *density) {
  const struct formal *formals[MAX_CONSTANT_ARGUMENTS + 1];
  double values[MAX_CONSTANT_ARGUMENTS + 1];
  memcpy(formals, inside->formals, inside->n_formal * sizeof *formals);
  memcpy(values, inside->values, inside->n_formal * sizeof *values);
  formals[inside->n_formal] = d->x;
  values[inside->n_formal] = x;
  const struct environment all = {.n_formal = inside->n_formal + 1, .formals = formals, .values = values};
  return constant_value(d->logpdf, &all, density) && isfinite(*density);
}

struct comparison {
  const struct distribution *d;
  const struct term *power;
  bool on_log;
  size_t n_same, n_different;
};

static void compare(struct comparison *c, const struct environment *given, double a) {
  double values[MAX_CONSTANT_ARGUMENTS], low = INFINITY, high = -INFINITY, size = 1;
  struct environment outside = *given, inside;
  size_t n = 0;
  outside.extra = c->d->a;
  outside.extra_value = a;
  environment_of_family(c->power, &outside, values, &inside);
  for (size_t k = 0; k < N_PLACE; k++) {
    const double x = number_of_type(&c->d->support, given, 0.1 + 0.25 * (double)k, 0);
    double density, power;
    if (!log_density_at(c->d, given, x, &density) || !log_density_at(c->power->distribution, &inside, x, &power))
      continue;
    const double rest = power - a * density + (c->on_log ? (1 - a) * log(x) : 0);
    size = fmax(size, fabs(power) + fabs(a * density));
    low = fmin(low, rest);
    high = fmax(high, rest);
    n++;
  }
  if (n < 2) return;
  c->n_same += high - low <= 1e-6 * size;
  c->n_different += !(high - low <= 1e-6 * size);
}

void check_power(struct checker *c, struct span span, const struct distribution *d, const struct term *power,
                 bool on_log) {
  static const double exponents[] = {0.7, 1.6};
  struct comparison comparison = {.d = d, .power = power, .on_log = on_log};
  double values[MAX_CONSTANT_ARGUMENTS];
  if (!power || power->kind != TERM_DISTRIBUTION || d->support.n_dim || d->support.base == BASE_CODE || !d->x ||
      d->n_formal > MAX_CONSTANT_ARGUMENTS || !power->distribution->x)
    return;
  for (size_t s = 0; s < N_SETTING; s++) {
    struct environment given = {.formals = d->formals, .values = values};
    for (size_t k = 0; k < d->n_formal; k++) {
      values[k] = number_of_type(&d->formals[k]->type, &given, 0.3 + 0.2 * (double)s, k);
      given.n_formal = k + 1;
    }
    for (size_t k = 0; k < sizeof exponents / sizeof *exponents; k++) compare(&comparison, &given, exponents[k]);
  }
  if (comparison.n_same || comparison.n_different < FEWEST) return;
  diagnose(c->sink, "E2025", span, "this is not the density of `%s` to the power of `%s`", d->name, d->a->name)->fix =
      on_log ? "its log density is to be that of `logpdf(x)` times `a`, plus (a - 1) log(x), but for a constant"
             : "its log density is to be that of `logpdf(x)` times `a`, but for a constant";
}
