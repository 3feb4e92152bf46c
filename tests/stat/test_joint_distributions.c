/* Joint distributions: densities against figures of 40 digits, and margins of draws against the distributions that they are
 * known to have, by the bound of Dvoretzky, Kiefer and Wolfowitz (false-positive rate 1e-9 each); each margin also rejects a
 * neighbour. That simulators and densities agree in all directions is what `floe selftest` shows for the same families. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "runtime/data/layout.h"
#include "runtime/math/order.h"
#include "runtime/math/special.h"
#include "tests/stat/all_distributions.h"

static const double false_positive_rate = 1e-9;

static const char joint[] = "model joint \"joint\"\n"
                            "index two = 2\n"
                            "index three = 3 ordered\n"
                            "S[i in two, j in two] = if(i == j, if(i == 1, 1.5, 0.8), 0.3)\n"
                            "m[two] = [1, -2][two]\n"
                            "alpha[three] = [1.5, 2, 2.5][three]\n"
                            "p[three] = [0.2, 0.5, 0.3][three]\n"
                            "eta[three] = [0.2, -0.5, 0.3][three]\n"
                            "obs walk[three]\n"
                            "obs ar[three]\n"
                            "obs by_covariance[two]\n"
                            "obs by_precision[two]\n"
                            "obs heavy[two]\n"
                            "obs counts[three] : nat\n"
                            "obs by_logits[three] : nat\n"
                            "obs spread[three] : nat\n"
                            "param share : simplex[three] ~ dirichlet(alpha)\n"
                            "param even : simplex[three] ~ flat\n"
                            "param zero : sum0[three] ~ sum0_normal(2)\n"
                            "param direction : unit_vector[three] ~ uniform_direction()\n"
                            "param R : corr[three] ~ lkj_corr(1.5)\n"
                            "param L : chol_corr[three] ~ lkj_corr_chol(1.5)\n"
                            "param W : cov[two] ~ wishart(5, S)\n"
                            "param V : cov[two] ~ inv_wishart(5, S)\n"
                            "param F : chol_cov[two] ~ wishart_chol(5, cholesky(S))\n"
                            "param G : chol_cov[two] ~ inv_wishart_chol(5, cholesky(S))\n"
                            "walk[three] ~ random_walk(0.5, 0.7)\n"
                            "ar[three] ~ ar1(0.5, -0.6, 0.7)\n"
                            "by_covariance[two] ~ multi_normal(m, S)\n"
                            "by_precision[two] ~ multi_normal_prec(m, S)\n"
                            "heavy[two] ~ multi_student_t(4, m, S)\n"
                            "counts[three] ~ multinomial(12, p)\n"
                            "by_logits[three] ~ multinomial_logit(12, eta)\n"
                            "spread[three] ~ dirichlet_multinomial(12, alpha)\n"
                            "report share\n";

static double *place_of(const struct fixture *f, const char *name) {
  const size_t v = floe_variable_find(f->model, name);
  assert_true(v != FLOE_NONE);
  return (floe_variable_is_data(&f->model->variables[v]) ? f->data : f->values) + f->one->offset[v];
}

/* ---- densities ---- */

/* Where, and the log density there, by the textbook's formula with mpmath. The LKJ density's constant is that of the beta
 * distributions of its vine's partial correlations; the density of a sum0 vector is one on the plane. */
static const struct {
  const char *variable;
  size_t n;
  double at[9], log_density;
} known[] = {
    {"share", 3, {0.2, 0.5, 0.3}, 1.3197657666784726},
    {"even", 3, {0.2, 0.5, 0.3}, 0.69314718055994531},
    {"zero", 3, {0.7, -1.1, 0.4}, -3.4566714275292361},
    {"direction", 3, {0.6, 0, 0.8}, -2.5310242469692908},
    {"R", 9, {1, 0.3, -0.2, 0.3, 1, 0.4, -0.2, 0.4, 1}, -1.2331917117155811},
    {"L", 9, {1, 0, 0, 0.3, 0.95393920141694565, 0, -0.2, 0.48221102489208242, 0.85292000062873861}, -1.2803470514512018},
    {"W", 4, {4, 0.5, 0.5, 2}, -5.1936485688003547},
    {"V", 4, {4, 0.5, 0.5, 2}, -12.633300212638084},
    {"F", 4, {2, 0, 0.25, 1.3919410907075054}, -2.0903606054378914}, /* those of W and V, and the Jacobian of L L' */
    {"G", 4, {2, 0, 0.25, 1.3919410907075054}, -9.5300122492756199},
    {"walk", 3, {0.4, 1.3, -0.2}, -4.8194438290223109},
    {"ar", 3, {0.4, 1.3, -0.2}, -2.5246281966630513},
    {"by_covariance", 2, {0.4, -1.3}, -2.4643813983957912},
    {"by_precision", 2, {0.4, -1.3}, -2.1256970587472241},
    {"heavy", 2, {0.4, -1.3}, -2.6473768364793886},
    {"counts", 3, {2, 7, 3}, -2.7056780169571544},
    {"by_logits", 3, {2, 7, 3}, -7.097093758581406},
    {"spread", 3, {2, 7, 3}, -4.1409453826730045},
};
enum { N_KNOWN = sizeof known / sizeof *known };

static void densities_are_those_of_the_textbook(void **state) {
  static const struct kind kind = {"", BASE_REAL};
  double density, terms[FLOE_N_TAG] = {0}, expected[2] = {0};
  (void)state;
  struct fixture *f = fixture_of(&kind, joint);
  for (size_t k = 0; k < N_KNOWN; k++) {
    const size_t v = floe_variable_find(f->model, known[k].variable);
    memcpy(place_of(f, known[k].variable), known[k].at, known[k].n * sizeof(double));
    expected[floe_variable_is_data(&f->model->variables[v])] += known[k].log_density;
  }
  f->model->unconstrain(&f->context, 1, f->values, f->coordinates, f->scratch);
  f->model->log_density(&f->context, 1, f->coordinates, &density, terms, f->scratch);
  assert_true(fabs(terms[FLOE_PRIOR] - expected[0]) < 1e-9);
  assert_true(fabs(terms[FLOE_LIKELIHOOD] - expected[1]) < 1e-9);
  *place_of(f, "counts") += 1; /* more than there are */
  f->model->log_density(&f->context, 1, f->coordinates, &density, terms, f->scratch);
  assert_true(terms[FLOE_LIKELIHOOD] == -INFINITY);
  fixture_free(f);
}

/* ---- margins of draws ---- */

static double normal_cdf(double x, double mean, double sd) {
  return floe_phi((x - mean) / sd);
}
static double beta_cdf(double x, double a, double b) {
  return floe_beta_cdf(x, a, b);
}
static double correlation_cdf(double x, double a, double b) {
  return floe_beta_cdf(0.5 * (1 + x), a, b);
}
static double uniform_cdf(double x, double a, double b) {
  return (x - a) / (b - a);
}
static double scaled_chi_square_cdf(double x, double nu, double scale) {
  return floe_gamma_cdf(0.5 * x / scale, 0.5 * nu);
}
static double inverse_chi_square_cdf(double x, double nu, double scale) {
  return 1 - floe_gamma_cdf(0.5 * scale / x, 0.5 * nu);
}
static double root_of_chi_square_cdf(double x, double nu, double scale) {
  return scaled_chi_square_cdf(x * x, nu, scale);
}
static double root_of_inverse_cdf(double x, double nu, double scale) {
  return inverse_chi_square_cdf(x * x, nu, scale);
}
static double student_cdf(double x, double mean, double scale) {
  return floe_student_t_cdf((x - mean) / scale, 4);
}
static double binomial_cdf(double x, double n, double p) {
  return floe__binomial_cdf(x, n, p);
}
static double beta_binomial_cdf(double x, double a, double b) {
  return floe_beta_binomial_cdf(x, 12, a, b);
}

struct margin {
  const char *variable;
  size_t element;
  double (*cdf)(double x, double a, double b);
  double a, b, wrong_b;
};
static const struct margin margins[] = {
    {"share", 0, beta_cdf, 1.5, 4.5, 5.5},
    {"even", 0, beta_cdf, 1, 2, 3},
    {"zero", 1, normal_cdf, 0, 1.632993161855452, 2},
    {"direction", 2, uniform_cdf, -1, 1, 1.1},
    {"R", 5, correlation_cdf, 2, 2, 2.2},
    {"L", 3, correlation_cdf, 2, 2, 2.2},
    {"W", 0, scaled_chi_square_cdf, 5, 1.5, 1.8},
    {"V", 3, inverse_chi_square_cdf, 4, 0.8, 1},
    {"F", 0, root_of_chi_square_cdf, 5, 1.5, 1.8},
    {"G", 0, root_of_inverse_cdf, 4, 1.5, 1.8},
    {"walk", 2, normal_cdf, 0.5, 1.2124355652982142, 1.4},
    {"ar", 0, normal_cdf, 0.5, 0.875, 1},
    {"ar", 2, normal_cdf, 0.5, 0.875, 1},
    {"by_covariance", 1, normal_cdf, -2, 0.89442719099991588, 1},
    {"by_precision", 0, normal_cdf, 1, 0.84895271995597013, 1},
    {"heavy", 0, student_cdf, 1, 1.2247448713915890, 1.5},
    {"counts", 2, binomial_cdf, 12, 0.3, 0.34},
    {"by_logits", 0, binomial_cdf, 12, 0.38435576384723150, 0.42},
    {"spread", 1, beta_binomial_cdf, 2, 4, 5},
};
enum { N_MARGIN = sizeof margins / sizeof *margins };

static double draws[N_MARGIN][N_DRAW];

/* sup |F_n - F| over the draws, at the last of equal ones. */
static double distance(const struct margin *m, const double *x, double b) {
  double largest = 0;
  for (size_t k = 0; k < N_DRAW; k++) {
    if (k + 1 < N_DRAW && x[k] == x[k + 1]) continue;
    const double error = fabs((double)(k + 1) / N_DRAW - m->cdf(x[k], m->a, b));
    if (!(error <= largest)) largest = error;
  }
  return largest;
}

static void margins_of_draws_are_the_known_ones(void **state) {
  static const struct kind kind = {"", BASE_REAL};
  const double bound = sqrt(log(2 / false_positive_rate) / (2. * N_DRAW));
  (void)state;
  struct fixture *f = fixture_of(&kind, joint);
  for (size_t k = 0; k < N_DRAW; k++) {
    const struct floe_sampling sampling = {2026, 1, k, FLOE_DRAW_PARAMETERS | FLOE_DRAW_OBSERVED};
    f->model->simulate(&f->context, &sampling, 1, f->data, f->values, f->scratch);
    for (size_t j = 0; j < N_MARGIN; j++) draws[j][k] = place_of(f, margins[j].variable)[margins[j].element];
  }
  for (size_t j = 0; j < N_MARGIN; j++) {
    floe__sort(N_DRAW, draws[j]);
    const double right = distance(&margins[j], draws[j], margins[j].b);
    const double wrong = distance(&margins[j], draws[j], margins[j].wrong_b);
    if (!(right <= bound)) fail_msg("%s: %g from its margin, above %g", margins[j].variable, right, bound);
    if (!(wrong > bound)) fail_msg("%s: %g from another margin, not above %g", margins[j].variable, wrong, bound);
  }
  fixture_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(densities_are_those_of_the_textbook),
      cmocka_unit_test(margins_of_draws_are_the_known_ones),
  };
  return cmocka_run_group_tests_name("joint distributions", tests, NULL, NULL);
}
