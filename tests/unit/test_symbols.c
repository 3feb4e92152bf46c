#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <floe/draws.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "runtime/math/chol.h"
#include "runtime/math/matrix.h"
#include "runtime/math/order.h"
#include "runtime/math/special.h"
#include "runtime/math/structure.h"

/* Every symbol that generated code may call, as linked here. */
static const struct {
  const char *name;
  void (*function)(void);
} linked[] = {
#define LINKED(name)                                                                                                   \
  { #name, (void (*)(void))name }
    LINKED(exp),
    LINKED(log),
    LINKED(sqrt),
    LINKED(expm1),
    LINKED(log1p),
    LINKED(sin),
    LINKED(cos),
    LINKED(tan),
    LINKED(atan),
    LINKED(tanh),
    LINKED(floor),
    LINKED(ceil),
    LINKED(rint),
    LINKED(floe_lgamma),
    LINKED(floe_digamma),
    LINKED(floe_trigamma),
    LINKED(floe_phi),
    LINKED(floe_phi_inverse),
    LINKED(floe_log_phi),
    LINKED(floe_log1p_exp),
    LINKED(floe_inv_logit),
    LINKED(floe_xlogy),
    LINKED(floe_argmax),
    LINKED(floe_argmin),
    LINKED(floe_quantile),
    LINKED(floe_present_quantile),
    LINKED(floe_is_present),
    LINKED(floe_left_out),
    LINKED(floe_solve_lower),
    LINKED(floe_solve_lower_adjoint),
    LINKED(floe_sort),
    LINKED(floe_sort_adjoint),
    LINKED(floe_cholesky),
    LINKED(floe_cholesky_adjoint),
    LINKED(floe_solve),
    LINKED(floe_solve_adjoint),
    LINKED(floe_inverse),
    LINKED(floe_inverse_adjoint),
    LINKED(floe_log_det),
    LINKED(floe_log_det_adjoint),
    LINKED(floe_constrain),
    LINKED(floe_constrain_adjoint),
    LINKED(floe_unconstrain),
    LINKED(floe_log_jacobian),
    LINKED(floe_log_jacobian_adjoint),
    LINKED(floe_draw_uniform),
    LINKED(floe_draw_normal),
    LINKED(floe_draw_exponential),
    LINKED(floe_draw_gamma),
    LINKED(floe_draw_log_gamma),
    LINKED(floe_draw_poisson),
    LINKED(floe_draw_binomial),
    LINKED(floe_draw_categorical),
    LINKED(floe_log_phi),
    LINKED(floe_log_phi_scaled),
    LINKED(floe_xlog1py),
    LINKED(floe_log1m_exp),
    LINKED(floe_gamma_cdf),
    LINKED(floe_gamma_cdf_by_shape),
    LINKED(floe_gamma_quantile),
    LINKED(floe_beta_cdf),
    LINKED(floe_beta_cdf_by_a),
    LINKED(floe_beta_quantile),
    LINKED(floe_student_t_cdf),
    LINKED(floe_student_t_cdf_by_nu),
    LINKED(floe_student_t_quantile),
    LINKED(floe_log_bessel_i0_scaled),
    LINKED(floe_bessel_ratio),
    LINKED(floe_log_first_passage),
    LINKED(floe_first_passage_by_time),
    LINKED(floe_first_passage_by_bias),
    LINKED(floe_draw_hypergeometric),
    LINKED(floe_draw_von_mises),
    LINKED(floe_draw_first_passage),
    LINKED(floe_multinomial_count),
    LINKED(floe_owen_t),
    LINKED(floe_log_rising),
    LINKED(floe_log_gamma_cdf),
    LINKED(floe_log_gamma_cdf_by_shape),
    LINKED(floe_log_gamma_ccdf),
    LINKED(floe_log_gamma_ccdf_by_shape),
    LINKED(floe_gamma_upper_quantile),
    LINKED(floe_log_beta_cdf),
    LINKED(floe_log_beta_cdf_by_a),
    LINKED(floe_log_beta_cdf_by_b),
    LINKED(floe_log_beta_ccdf),
    LINKED(floe_log_beta_ccdf_by_a),
    LINKED(floe_log_beta_ccdf_by_b),
    LINKED(floe_log_student_t_cdf),
    LINKED(floe_log_student_t_cdf_by_nu),
    LINKED(floe_skew_normal_cdf),
    LINKED(floe_skew_normal_quantile),
    LINKED(floe_exgaussian_quantile),
    LINKED(floe_wald_quantile),
    LINKED(floe_von_mises_cdf),
    LINKED(floe_von_mises_cdf_by_kappa),
    LINKED(floe_von_mises_quantile),
    LINKED(floe_poisson_quantile),
    LINKED(floe_poisson_upper_quantile),
    LINKED(floe_neg_binomial_quantile),
    LINKED(floe_neg_binomial_upper_quantile),
    LINKED(floe_binomial_quantile),
    LINKED(floe_hypergeometric_cdf),
    LINKED(floe_hypergeometric_quantile),
    LINKED(floe_beta_binomial_cdf),
    LINKED(floe_beta_binomial_cdf_by_a),
    LINKED(floe_beta_binomial_cdf_by_b),
    LINKED(floe_beta_binomial_quantile),
};

static bool is_linked(const char *name, size_t length) {
  for (size_t k = 0; k < sizeof linked / sizeof *linked; k++)
    if (strlen(linked[k].name) == length && memcmp(linked[k].name, name, length) == 0)
      return linked[k].function != NULL;
  return false;
}

/* Checks each quoted word that follows the keyword; returns how many there are. */
static size_t check_symbols(const char *path, const char *text, const char *keyword) {
  size_t n = 0;
  for (const char *at = text; (at = strstr(at, keyword)) != NULL;) {
    at += strlen(keyword);
    const size_t length = strcspn(at, "\"");
    if (!is_linked(at, length)) fail_msg("%s: nothing in the runtime is called %.*s", path, (int)length, at);
    n++;
  }
  return n;
}

static void every_symbol_of_the_standard_library_is_linked(void **state) {
  (void)state;
  const char *source = getenv("FLOE_SOURCE");
  char folder[4096];
  snprintf(folder, sizeof folder, "%s/stdlib", source ? source : ".");
  DIR *files = opendir(folder);
  assert_non_null(files);
  size_t n = 0;
  for (struct dirent *file; (file = readdir(files)) != NULL;) {
    const size_t name_length = strlen(file->d_name);
    if (name_length < 5 || strcmp(file->d_name + name_length - 5, ".floe") != 0) continue;
    char path[8192], *text;
    size_t length;
    snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
    assert_int_equal(floe__file_read(path, 1 << 20, &text, &length, NULL), FLOE_OK);
    n += check_symbols(path, text, " as \"") + check_symbols(path, text, " adjoint \"");
    floe__free(text);
  }
  closedir(files);
  assert_true(n >= 30);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_symbol_of_the_standard_library_is_linked)};
  return cmocka_run_group_tests_name("symbols", tests, NULL, NULL);
}
