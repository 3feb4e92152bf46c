/* Settings of every distribution of the standard library: what test_distributions.c tests it at. Arguments in order, arrays
 * flattened; low and high are the support's ends. Draws of one setting must not pass for draws of the next. */
#ifndef FLOE_TESTS_DISTRIBUTION_SETTINGS_H
#define FLOE_TESTS_DISTRIBUTION_SETTINGS_H

#include <math.h>
#include <stddef.h>

#define INF INFINITY
#define PI 3.14159265358979323846

enum method { DENSITY, CDF, QUANTILE, SLOPE, POWER, POWER_LOG, LOG_CDF, LOG_CCDF, UPPER_QUANTILE, N_METHOD };

enum { MAX_ARGUMENT = 8, MAX_POINT = 4 };

struct test_point {
  double low, high, arguments[MAX_ARGUMENT];
};

struct test_points {
  const char *name;
  size_t n, size; /* size: of the array argument's index set */
  struct test_point at[MAX_POINT];
};

static const struct test_points all_points[] = {
    {"normal", 2, 0, {{-INF, INF, {0, 1}}, {-INF, INF, {3, 0.2}}}},
    {"student_t", 3, 0, {{-INF, INF, {4, 1, 2}}, {-INF, INF, {1.5, -1, 0.3}}, {-INF, INF, {60, 0, 1}}}},
    {"cauchy", 2, 0, {{-INF, INF, {0, 1}}, {-INF, INF, {-2, 3}}}},
    {"laplace", 2, 0, {{-INF, INF, {0, 1}}, {-INF, INF, {4, 0.5}}}},
    {"logistic", 2, 0, {{-INF, INF, {0, 1}}, {-INF, INF, {4, 0.5}}}},
    {"uniform", 2, 0, {{0, 1, {0, 1}}, {-3, 20, {-3, 20}}}},
    {"skew_normal", 3, 0, {{-INF, INF, {0, 1, 4}}, {-INF, INF, {1, 2, -1.5}}, {-INF, INF, {0, 1, 0}}}},
    {"sinh_arcsinh", 3, 0, {{-INF, INF, {0, 1, 0, 0}}, {-INF, INF, {1, 2, 0.7, 0.4}}, {-INF, INF, {-1, 0.5, -0.9, -0.5}}}},
    {"sinh_arcsinh_above", 2, 0, {{0, INF, {0, 0, 1, 0, 0}}, {2, INF, {2, 1, 0.4, 0.5, -0.3}}}},
    {"sinh_arcsinh_between", 2, 0, {{0, 1, {0, 1, 0, 1, 0, 0}}, {-2, 3, {-2, 3, 1, 0.7, -0.6, 0.3}}}},
    {"exgaussian", 3, 0, {{-INF, INF, {0, 1, 1}}, {-INF, INF, {0.4, 0.05, 5}}, {-INF, INF, {2, 3, 20}}}},
    {"skew_double_exponential", 2, 0, {{-INF, INF, {0, 1, 0.35}}, {-INF, INF, {2, 4, 0.9}}}},
    {"gumbel", 2, 0, {{-INF, INF, {0, 1}}, {-INF, INF, {-3, 2}}}},
    {"gev", 4, 0, {{-1 / 0.3, INF, {0, 1, 0.3}}, {-INF, 1 + 2 / 0.4, {1, 2, -0.4}}, {-INF, INF, {0, 1, 0}}, {-INF, INF, {0.3, 1, 1e-9}}}},
    {"triangular", 2, 0, {{0, 1, {0, 0.3, 1}}, {-2, 4, {-2, 3, 4}}}},
    {"von_mises", 3, 0, {{-PI, PI, {0, 2}}, {-PI, PI, {2.5, 20}}, {-PI, PI, {1, 0.01}}}},
    {"wiener", 3, 0, {{-INF, INF, {1.5, 0.2, 0.5, 1}}, {-INF, INF, {2, 0.1, 0.2, -0.5}}, {-INF, INF, {0.8, 1e-9, 0.7, 3}}}},
    {"half_normal", 2, 0, {{0, INF, {1}}, {0, INF, {7}}}},
    {"half_student_t", 2, 0, {{0, INF, {3, 1}}, {0, INF, {1.5, 4}}}},
    {"half_cauchy", 2, 0, {{0, INF, {1}}, {0, INF, {5}}}},
    {"lognormal", 2, 0, {{0, INF, {0, 1}}, {0, INF, {3, 0.1}}}},
    {"shifted_lognormal", 2, 0, {{0.2, INF, {0, 1, 0.2}}, {-1, INF, {3, 0.1, -1}}}},
    {"exponential", 2, 0, {{0, INF, {1}}, {0, INF, {12}}}},
    {"gamma", 3, 0, {{0, INF, {2, 1}}, {0, INF, {0.4, 3}}, {0, INF, {50, 0.5}}}},
    {"inv_gamma", 2, 0, {{0, INF, {2, 1}}, {0, INF, {0.7, 3}}}},
    {"weibull", 2, 0, {{0, INF, {1.5, 2}}, {0, INF, {0.6, 1}}}},
    {"chi_square", 2, 0, {{0, INF, {5}}, {0, INF, {1}}}},
    {"inv_chi_square", 2, 0, {{0, INF, {5}}, {0, INF, {1}}}},
    {"scaled_inv_chi_square", 2, 0, {{0, INF, {5, 2}}, {0, INF, {1.5, 0.3}}}},
    {"rayleigh", 2, 0, {{0, INF, {1}}, {0, INF, {4}}}},
    {"frechet", 2, 0, {{0, INF, {2, 1}}, {0, INF, {0.8, 3}}}},
    {"log_logistic", 2, 0, {{0, INF, {2, 1.5}}, {0, INF, {1, 6}}}},
    {"wald", 3, 0, {{0, INF, {1, 1}}, {0, INF, {3, 0.5}}, {0, INF, {0.5, 20}}}},
    {"pareto", 2, 0, {{1, INF, {1, 2}}, {0.3, INF, {0.3, 0.8}}}},
    {"pareto_type_2", 2, 0, {{0, INF, {0, 1, 2}}, {-1, INF, {-1, 3, 0.8}}}},
    {"generalized_pareto", 4, 0, {{0, INF, {0, 1, 0.3}}, {1, 1 + 2 / 0.4, {1, 2, -0.4}}, {0, INF, {0, 1, 0}}, {0, INF, {0, 2, -1e-9}}}},
    {"beta", 3, 0, {{0, 1, {2, 3}}, {0, 1, {0.5, 0.5}}, {0, 1, {1, 40}}}},
    {"beta_mean", 2, 0, {{0, 1, {0.3, 5}}, {0, 1, {0.9, 40}}}},
    {"kumaraswamy", 2, 0, {{0, 1, {2, 3}}, {0, 1, {0.7, 0.8}}}},
    {"logit_normal", 2, 0, {{0, 1, {0, 1}}, {0, 1, {-1, 2}}}},
    {"bernoulli", 2, 0, {{0, 1, {0.3}}, {0, 1, {0.95}}}},
    {"bernoulli_logit", 2, 0, {{0, 1, {0.3}}, {0, 1, {-4}}}},
    {"binomial", 2, 0, {{0, 10, {10, 0.3}}, {0, 500, {500, 0.01}}}},
    {"binomial_logit", 2, 0, {{0, 10, {10, 0.3}}, {0, 200, {200, -3}}}},
    {"beta_binomial", 2, 0, {{0, 10, {10, 2, 3}}, {0, 30, {30, 0.5, 1}}}},
    {"hypergeometric", 3, 0, {{0, 10, {10, 20, 30}}, {20, 60, {60, 100, 40}}, {0, 2, {200, 2, 300}}}},
    {"discrete_uniform", 2, 0, {{0, 9, {0, 9}}, {-3, 30, {-3, 30}}}},
    {"poisson", 2, 0, {{0, INF, {1.3}}, {0, INF, {40}}}},
    {"poisson_log", 2, 0, {{0, INF, {0.3}}, {0, INF, {3.5}}}},
    {"neg_binomial", 2, 0, {{0, INF, {3, 0.7}}, {0, INF, {8, 20}}}},
    {"neg_binomial_log", 2, 0, {{0, INF, {1, 0.7}}, {0, INF, {2, 20}}}},
    {"gamma_poisson", 2, 0, {{0, INF, {2, 0.5}}, {0, INF, {0.6, 1.5}}}},
    {"beta_neg_binomial", 2, 0, {{0, INF, {3, 8, 2}}, {0, INF, {0.7, 12, 20}}}},
    {"geometric", 2, 0, {{0, INF, {0.3}}, {0, INF, {0.05}}}},
    {"categorical", 2, 3, {{1, 3, {0.2, 0.5, 0.3}}, {1, 3, {0.7, 0.1, 0.2}}}},
    {"categorical_logit", 2, 3, {{1, 3, {0.2, 0.5, 0.3}}, {1, 3, {1, -3, 0.5}}}},
    {"ordered_logistic", 2, 3, {{1, 4, {0.2, -1, 0.4, 2}}, {1, 4, {1, -3, -0.5, 0}}}},
    {"ordered_probit", 2, 3, {{1, 4, {0.2, -1, 0.4, 2}}, {1, 4, {1, -3, -0.5, 0}}}},
};
enum { N_SETTINGS = sizeof all_points / sizeof *all_points };

/* Joint distributions, which have tests of their own. */
static const char *const joint_distributions[] = {
    "dirichlet", "uniform_shares", "multi_normal", "multi_normal_chol", "multi_normal_prec", "multi_student_t", "multi_student_t_chol",
    "random_walk", "ar1", "multinomial", "multinomial_logit", "dirichlet_multinomial",
    "sum0_normal",     "uniform_direction", "lkj_corr", "lkj_corr_chol", "wishart", "inv_wishart", "wishart_chol", "inv_wishart_chol"};
enum { N_JOINT = sizeof joint_distributions / sizeof *joint_distributions };

/* What a method gives, computed with mpmath: here, with 40 digits, where formulas cancel or overflow; in figures.h tails. */
struct figure {
  const char *name;
  enum method method;
  double arguments[MAX_ARGUMENT], x, value;
};
static const struct figure density_figures[] = {
    {"skew_normal", DENSITY, {0, 1, 5}, -8, -836.83423336639852},
    {"skew_normal", DENSITY, {0, 1, -5}, 30, -11706.155409619453},
    {"exgaussian", DENSITY, {0, 1, 1}, -30, -454.35396362717929},
    {"exgaussian", DENSITY, {0, 1, 1}, 500, -499.5},
    {"exgaussian", DENSITY, {0.4, 0.01, 50}, -3, -57802.837339278311},
    {"gev", DENSITY, {0, 1, 0.3}, -3.3, -4641568.8778751698},
    {"gev", DENSITY, {0, 1, 1e-5}, 20, -19.998200248694619},
    {"gev", DENSITY, {0, 1, -0.1}, 9.99, -62.169797510839921},
    {"generalized_pareto", DENSITY, {0, 1, 1e-7}, 300, -299.99553008954798},
    {"generalized_pareto", DENSITY, {0, 1, 2}, 1e100, -346.42748471994677},
    {"von_mises", DENSITY, {0, 700}, 3, -1390.6383246851646},
    {"von_mises", DENSITY, {0, 1e5}, 0.01, -0.16243538419803078},
    {"wald", DENSITY, {1, 1}, 1e-3, -489.55780561473146},
    {"wald", DENSITY, {1, 1}, 1e6, -500020.64220487015},
    {"wiener", DENSITY, {1.5, 0.2, 0.5, 1}, 0.201, -271.345487687183},
    {"wiener", DENSITY, {1.5, 0.2, 0.5, 1}, -9, -24.116760048052785},
    {"wiener", DENSITY, {2, 0, 0.1, -2}, 30, -102.02693998497513},
    {"wiener", DENSITY, {2, 0, 0.9, 0}, 0.01, 2.3793788333433646},
    {"neg_binomial", DENSITY, {3, 1e6}, 10, -7.1182701865009178},
    {"neg_binomial", DENSITY, {1e-8, 0.5}, 0, -9.9999999000000015e-9},
    {"student_t", DENSITY, {1e6, 0, 1}, 9, -41.417339120132631},
    {"student_t", DENSITY, {3, 0, 1}, 1e80, -735.63089403038191},
    {"beta", DENSITY, {0.01, 500}, 1e-200, 451.37450471252931},
    {"beta", DENSITY, {3e4, 2e4}, 0.6, 5.2045035090427643},
    {"logistic", DENSITY, {0, 1}, 800, -800.0},
    {"logistic", DENSITY, {0, 1}, -800, -800.0},
    {"log_logistic", DENSITY, {2, 1.5}, 1e-250, -288.45739228698746},
    {"log_logistic", DENSITY, {2, 40}, 1e9, -818.23913263829111},
    {"binomial_logit", DENSITY, {10, 50}, 0, -500.0},
    {"binomial_logit", DENSITY, {10, -800}, 10, -8000.0},
    {"kumaraswamy", DENSITY, {2, 3}, 1e-30, -67.285793320593315},
};
#include "tests/stat/figures.h"

enum {
  N_DENSITY_FIGURE = sizeof density_figures / sizeof *density_figures,
  N_FIGURE = N_DENSITY_FIGURE + sizeof tail_figures / sizeof *tail_figures
};

#endif
