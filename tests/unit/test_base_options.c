#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/answer.h"
#include "base/options.h"
#include "base/study_verbs.h"
#include "base/text.h"

static const struct floe__option sample_options[] = {
    {.name = "chains", .argument = "N", .help = "chains", .kind = FLOE__INTEGER, .low = 1, .high = 100},
    {.name = "step", .argument = "X", .help = "step size", .kind = FLOE__NUMBER},
    {.name = "algorithm", .argument = "NAME", .help = "sampler", .kind = FLOE__STRING, .choices = "nuts|chees"},
    {0}};
static const struct floe__verb verbs[] = {
    {"sample", "SPEC [DATA]", "sample", sample_options}, {"merge", "FILE...", "merge", NULL}, {"version", "", "version", NULL}, {0}};
static const struct floe__command command = {"floe", "a test", "1", verbs, floe__shared_options};

/* Parses a line of words; arguments stay valid until the next call. */
static floe_status parse(const char *line, struct floe__arguments *arguments, struct floe_error *error) {
  static char words[512];
  static char *argv[64];
  int argc = 0;
  snprintf(words, sizeof words, "floe %s", line);
  for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) argv[argc++] = word;
  *error = (struct floe_error){0};
  return floe__options_parse(&command, argc, argv, arguments, error);
}

static void expect_refusal(const char *line, const char *message, const char *fix) {
  struct floe__arguments arguments;
  struct floe_error error;
  assert_int_equal(parse(line, &arguments, &error), FLOE_EUSAGE);
  floe__arguments_free(&arguments);
  assert_string_equal(error.message, message);
  if (fix) assert_string_equal(error.fix, fix);
  assert_int_equal(floe__exit_code(error.status), 2);
}

static void options_and_words_may_be_mixed(void **state) {
  (void)state;
  struct floe__arguments arguments;
  struct floe_error error;
  assert_int_equal(parse("sample --chains 7 a.floe --step=-1e-3 -o out --set x --set y d.csv --json -- ", &arguments, &error), FLOE_OK);
  assert_string_equal(arguments.verb->name, "sample");
  assert_int_equal(arguments.n_positional, 2);
  assert_string_equal(arguments.positional[0], "a.floe");
  assert_string_equal(arguments.positional[1], "d.csv");
  assert_int_equal(floe__option_integer(&arguments, "chains", 4), 7);
  assert_int_equal(floe__option_integer(&arguments, "seed", 1), 1);
  assert_true(floe__option_number(&arguments, "step", 0) == -1e-3);
  assert_string_equal(floe__option_string(&arguments, "output", NULL), "out");
  assert_string_equal(floe__option_repeated(&arguments, "set", 0), "x");
  assert_string_equal(floe__option_repeated(&arguments, "set", 1), "y");
  assert_null(floe__option_repeated(&arguments, "set", 2));
  assert_true(floe__option_given(&arguments, "json"));
  assert_false(floe__option_given(&arguments, "quiet"));
  floe__arguments_free(&arguments);
}

static void words_behind_two_dashes_are_not_options(void **state) {
  (void)state;
  struct floe__arguments arguments;
  struct floe_error error;
  assert_int_equal(parse("merge -- --json -x", &arguments, &error), FLOE_OK);
  assert_int_equal(arguments.n_positional, 2);
  assert_string_equal(arguments.positional[0], "--json");
  floe__arguments_free(&arguments);
}

static void wrong_words_get_a_reason_and_a_suggestion(void **state) {
  (void)state;
  expect_refusal("smaple a", "`smaple` is not a verb of floe", "did you mean `sample`?");
  expect_refusal("zzz", "`zzz` is not a verb of floe", "`floe help` lists the verbs");
  expect_refusal("sample a --cahins 3", "`sample` does not take the option `--cahins`", "did you mean `--chains`?");
  expect_refusal("sample a -x", "`sample` does not take the option `-x`", "`floe sample --help` lists the options");
  expect_refusal("", "a verb is missing", NULL);
}

static void wrong_values_are_named_with_what_was_expected(void **state) {
  (void)state;
  expect_refusal("sample a --chains many", "`--chains` needs a whole number from 1 to 100, not `many`", NULL);
  expect_refusal("sample a --chains 0", "`--chains` needs a whole number from 1 to 100, not `0`", NULL);
  expect_refusal("sample a --chains 99999999999999999999", "`--chains` needs a whole number from 1 to 100, not `99999999999999999999`", NULL);
  expect_refusal("sample a --chains 3.5", "`--chains` needs a whole number from 1 to 100, not `3.5`", NULL);
  expect_refusal("sample a --step nan", "`--step` needs a number, not `nan`", NULL);
  expect_refusal("sample a --algorithm hmc", "`--algorithm` needs one of nuts|chees, not `hmc`", NULL);
  expect_refusal("sample a --algorithm nut", "`--algorithm` needs one of nuts|chees, not `nut`", NULL);
  expect_refusal("sample a --json=yes", "`--json` takes no value", NULL);
  expect_refusal("sample a --chains", "`--chains` needs a value: --chains N", NULL);
  expect_refusal("sample a --chains --json", "`--chains` needs a value: --chains N", NULL);
}

static void missing_and_superfluous_arguments_are_named(void **state) {
  (void)state;
  expect_refusal("sample", "`sample` needs SPEC", "usage: floe sample SPEC [DATA]");
  expect_refusal("sample a b c", "`sample` does not know what to do with `c`", NULL);
  expect_refusal("version a", "`version` does not know what to do with `a`", NULL);
  expect_refusal("merge", "`merge` needs FILE...", NULL);
}

static void help_does_not_ask_for_arguments(void **state) {
  (void)state;
  struct floe__arguments arguments;
  struct floe_error error;
  assert_int_equal(parse("sample --help", &arguments, &error), FLOE_OK);
  assert_true(floe__option_given(&arguments, "help"));
  floe__arguments_free(&arguments);
}

static void every_form_of_the_table_names_every_option(void **state) {
  (void)state;
  struct floe__text help = {0}, man = {0}, completion = {0};
  const struct floe__command study = {"study", "a test", "1", floe__study_verbs, floe__shared_options};
  json_t *json = floe__help_json(&study);
  char *dumped = json_dumps(json, 0);
  floe__man_page(&study, &man);
  floe__completion_bash(&study, &completion);
  for (const struct floe__verb *verb = floe__study_verbs; verb->name; verb++) {
    floe__help(&study, verb, &help);
    for (const struct floe__option *option = verb->options; option && option->name; option++) {
      char word[64], escaped[64] = "";
      snprintf(word, sizeof word, "--%s", option->name);
      for (const char *letter = option->name; *letter; letter++) /* roff writes \- */
        snprintf(escaped + strlen(escaped), sizeof escaped - strlen(escaped), "%s%c", *letter == '-' ? "\\" : "", *letter);
      assert_non_null(strstr(help.data, word));
      assert_non_null(strstr(completion.data, word));
      assert_non_null(strstr(dumped, option->name));
      assert_non_null(strstr(man.data, escaped));
    }
    floe__text_free(&help);
  }
  free(dumped);
  json_decref(json);
  floe__text_free(&man);
  floe__text_free(&completion);
}

static void an_answer_has_its_keys_in_order_and_survives_foreign_bytes(void **state) {
  (void)state;
  json_t *answer = floe__answer_new("check", false, "fail");
  floe__answer_warn(answer, "E1", "bad byte \xff", NULL, "fix");
  char *text = json_dumps(answer, JSON_PRESERVE_ORDER | JSON_COMPACT);
  assert_string_equal(text, "{\"schema\":\"floe.check/1\",\"ok\":false,\"verdict\":\"fail\",\"gates\":[],\"warnings\":[{\"code\":\"E1\","
                            "\"message\":\"bad byte ?\",\"where\":\"\",\"fix\":\"fix\"}],\"result\":{},\"files\":{},\"next\":[]}");
  free(text);
  json_decref(answer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(options_and_words_may_be_mixed),
      cmocka_unit_test(words_behind_two_dashes_are_not_options),
      cmocka_unit_test(wrong_words_get_a_reason_and_a_suggestion),
      cmocka_unit_test(wrong_values_are_named_with_what_was_expected),
      cmocka_unit_test(missing_and_superfluous_arguments_are_named),
      cmocka_unit_test(help_does_not_ask_for_arguments),
      cmocka_unit_test(every_form_of_the_table_names_every_option),
      cmocka_unit_test(an_answer_has_its_keys_in_order_and_survives_foreign_bytes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
