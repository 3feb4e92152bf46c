/* Densities of discrete latents against sums over all their values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "tests/support/interpreted.h"

static double normal(double x, double mean, double sd) {
  return exp(-0.5 * (x - mean) * (x - mean) / (sd * sd)) / (sd * 2.50662827463100050242);
}

static double likelihood_of(struct interpreted *f) {
  double terms[N_TAG] = {0};
  interpreted_run(f, INTERPRETATION_LOG_DENSITY, NULL, terms);
  return terms[TAG_LIKELIHOOD];
}

static void put(struct interpreted *f, const char *name, const double *values, size_t n) {
  memcpy(f->values[interpreted_variable(f, name)->id], values, n * sizeof *values);
}

enum { N_PERSON = 2, N_DAY = 3 };

/* Two persons, three days, eight paths each; two kinds of emission, one of them with the indices the other way round, and
 * transitions that rest on a covariate. */
static void chains_of_several_persons_are_summed_over_all_paths(void **state) {
  struct interpreted *f =
      interpreted_text("model m \"m\"\n"
                       "index person = 2\n"
                       "index day = 3 ordered\n"
                       "data x[person, day] ~ normal(0, 1)\n"
                       "obs y[person, day]\n"
                       "obs w[day, person]\n"
                       "param a ~ normal(0, 1)\n"
                       "latent z[person, day]\n"
                       "z[person, 1] ~ bernoulli(0.3)\n"
                       "for t in day[2..] { z[person, t] ~ bernoulli(if(z[person, t-1], 0.8, Phi(x[person, t]))) }\n"
                       "y[person, day] ~ normal(if(z[person, day], a, 0), 1)\n"
                       "w[day, person] ~ normal(if(z[person, day], 3, 1), 2)\n"
                       "report a\n");
  const double x[6] = {0, 0.3, -0.5, 0, 1, 0.2}, y[6] = {1, 0, 2, -1, 0.5, 3}, w[6] = {1, 4, 2, 0, 3, 1}, a = 0.7;
  double expected = 0;
  (void)state;
  put(f, "x", x, 6), put(f, "y", y, 6), put(f, "w", w, 6);
  f->coordinates[interpreted_variable(f, "a")->id][0] = a;
  for (size_t i = 0; i < N_PERSON; i++) {
    double sum = 0;
    for (unsigned path = 0; path < 8; path++) {
      double product = 1;
      for (size_t t = 0; t < N_DAY; t++) {
        unsigned z = path >> t & 1, before = t ? path >> (t - 1) & 1 : 0;
        double p = t == 0 ? 0.3 : before ? 0.8 : 0.5 * erfc(-x[i * N_DAY + t] * sqrt(0.5));
        product *= z ? p : 1 - p;
        product *= normal(y[i * N_DAY + t], z ? a : 0, 1) * normal(w[t * N_PERSON + i], z ? 3 : 1, 2);
      }
      sum += product;
    }
    expected += log(sum);
  }
  assert_close(likelihood_of(f), expected);
  interpreted_free(f);
}

/* b rests on the latent, and so do observations: the prior is what is left without these. */
static void an_unknown_may_rest_on_a_latent(void **state) {
  struct interpreted *f = interpreted_text("model m \"m\"\n"
                                           "index i = 2\n"
                                           "obs y[i]\n"
                                           "latent there[i] ~ bernoulli(0.3)\n"
                                           "param b[i] ~ normal(0, if(there[i], 2, 0.1))\n"
                                           "y[i] ~ normal(b[i] + if(there[i], 1, 0), 1)\n"
                                           "report b\n");
  const double y[2] = {0.7, -1}, b[2] = {0.2, -0.4};
  double prior = 0, all = 0, terms[N_TAG] = {0};
  (void)state;
  put(f, "y", y, 2);
  memcpy(f->coordinates[interpreted_variable(f, "b")->id], b, sizeof b);
  for (size_t k = 0; k < 2; k++) {
    const double with = 0.3 * normal(b[k], 0, 2), without = 0.7 * normal(b[k], 0, 0.1);
    prior += log(with + without);
    all += log(with * normal(y[k], b[k] + 1, 1) + without * normal(y[k], b[k], 1));
  }
  interpreted_run(f, INTERPRETATION_LOG_DENSITY, NULL, terms);
  assert_close(terms[TAG_PRIOR], prior);
  assert_close(terms[TAG_LIKELIHOOD], all - prior);
  interpreted_free(f);
}

/* Members of a group share its latent: the product over them stands inside the sum. The last group has no member. */
static void a_latent_of_groups_is_shared_by_their_members(void **state) {
  struct interpreted *f = interpreted_text("model m \"m\"\n"
                                           "index class = 3\n"
                                           "index child = 4\n"
                                           "data of[child] : index class ~ categorical([0.3, 0.3, 0.4])\n"
                                           "obs y[child]\n"
                                           "param a ~ normal(0, 1)\n"
                                           "latent good[class] ~ bernoulli(0.4)\n"
                                           "level[class] = if(good[class], a, -a)\n"
                                           "y[child] ~ normal(level[of[child]], 1)\n"
                                           "report a\n");
  const double of[4] = {2, 1, 2, 2}, y[4] = {1, -1, 0.5, 2}, a = 0.7;
  double expected = 0;
  (void)state;
  put(f, "of", of, 4), put(f, "y", y, 4);
  f->coordinates[interpreted_variable(f, "a")->id][0] = a;
  for (size_t class = 1; class <= 3; class ++) {
    double good = 0.4, bad = 0.6;
    for (size_t i = 0; i < 4; i++)
      if (of[i] == (double)class) good *= normal(y[i], a, 1), bad *= normal(y[i], -a, 1);
    expected += log(good + bad);
  }
  assert_close(likelihood_of(f), expected);
  interpreted_free(f);
}

/* Two latents of one observation, the second of which rests on the first. */
static void latents_of_one_observation_are_summed_together(void **state) {
  struct interpreted *f = interpreted_text("model m \"m\"\n"
                                           "index i = 3\n"
                                           "index kind = 3\n"
                                           "obs y[i]\n"
                                           "param a ~ normal(0, 1)\n"
                                           "latent one[i] ~ bernoulli(0.3)\n"
                                           "latent two[i] ~ binomial(2, if(one[i], 0.7, 0.2))\n"
                                           "y[i] ~ normal(a * two[i], if(one[i], 2, 1))\n"
                                           "report a\n");
  const double y[3] = {1, -1, 0.5}, a = 0.7;
  double expected = 0;
  (void)state;
  put(f, "y", y, 3);
  f->coordinates[interpreted_variable(f, "a")->id][0] = a;
  for (size_t i = 0; i < 3; i++) {
    double sum = 0;
    for (unsigned one = 0; one < 2; one++)
      for (unsigned two = 0; two < 3; two++) {
        double q = one ? 0.7 : 0.2, p = two == 1 ? 2 * q * (1 - q) : two ? q * q : (1 - q) * (1 - q);
        sum += (one ? 0.3 : 0.7) * p * normal(y[i], a * two, one ? 2 : 1);
      }
    expected += log(sum);
  }
  assert_close(likelihood_of(f), expected);
  interpreted_free(f);
}

/* A chain of two states beside one of three: the sum over 6^3 paths. */
static void two_chains_of_one_observation_are_one_chain(void **state) {
  struct interpreted *f = interpreted_text("model m \"m\"\n"
                                           "index t = 3 ordered\n"
                                           "index mood = 3\n"
                                           "obs y[t]\n"
                                           "param a ~ normal(0, 1)\n"
                                           "stay[b in mood, c in mood] = if(b == c, 0.6, 0.2)\n"
                                           "latent up[t]\n"
                                           "latent feel[t] : index mood\n"
                                           "up[1] ~ bernoulli(0.5)\n"
                                           "feel[1] ~ categorical([0.2, 0.3, 0.5])\n"
                                           "for s in t[2..] {\n"
                                           "  up[s] ~ bernoulli(if(up[s-1], 0.9, 0.3))\n"
                                           "  feel[s] ~ categorical(stay[feel[s-1]])\n"
                                           "}\n"
                                           "y[t] ~ normal(a * feel[t], if(up[t], 1, 3))\n"
                                           "report a\n");
  const double y[3] = {1, -1, 0.5}, start[3] = {0.2, 0.3, 0.5}, a = 0.7;
  double sum = 0;
  (void)state;
  put(f, "y", y, 3);
  f->coordinates[interpreted_variable(f, "a")->id][0] = a;
  for (unsigned path = 0; path < 216; path++) {
    double product = 1;
    unsigned rest = path, before = 0;
    for (size_t t = 0; t < 3; t++, before = rest % 6, rest /= 6) {
      unsigned on = rest % 6 / 3, feel = rest % 3;
      double p = t == 0 ? 0.5 : before / 3 ? 0.9 : 0.3;
      product *= on ? p : 1 - p;
      product *= t == 0 ? start[feel] : feel == before % 3 ? 0.6 : 0.2;
      product *= normal(y[t], a * (feel + 1), on ? 1 : 3);
    }
    sum += product;
  }
  assert_close(likelihood_of(f), log(sum));
  interpreted_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_unknown_may_rest_on_a_latent),
      cmocka_unit_test(chains_of_several_persons_are_summed_over_all_paths),
      cmocka_unit_test(a_latent_of_groups_is_shared_by_their_members),
      cmocka_unit_test(latents_of_one_observation_are_summed_together),
      cmocka_unit_test(two_chains_of_one_observation_are_one_chain),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
