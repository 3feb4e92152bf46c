#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "runtime/data/bind.h"
#include "runtime/data/layout.h"
#include "tests/support/eight_schools_model.h"

/* A grouped design: children in classes, each class with a size, two covariates per child, one scalar, one truth
 * value. */
enum { CHILD, CLASS, COVARIATE };
enum { GROUP, PUPILS, X, SCALE, GIRL, PASSED };
static const size_t over_child[] = {CHILD}, over_class[] = {CLASS}, child_by_covariate[] = {CHILD, COVARIATE};
static const struct floe_dimension grouped_dimensions[] = {
    {"child", 1, SIZE_MAX, 0}, {"class", 1, 5, 0}, {"covariate", 1, 3, 0}};
static const struct floe_variable grouped_variables[] = {
    {.name = "group",
     .role = FLOE_DATA,
     .base = FLOE_CODE,
     .n_dim = 1,
     .dims = over_child,
     .low = 1,
     .high = INFINITY,
     .codes = CLASS},
    {.name = "pupils",
     .role = FLOE_DATA,
     .base = FLOE_INT,
     .n_dim = 1,
     .dims = over_class,
     .low = 0,
     .high = 100,
     .codes = FLOE_NONE,
     .strict = 1},
    {.name = "x",
     .role = FLOE_DATA,
     .n_dim = 2,
     .dims = child_by_covariate,
     .low = -INFINITY,
     .high = INFINITY,
     .codes = FLOE_NONE},
    {.name = "scale", .role = FLOE_DATA, .low = 0, .high = INFINITY, .codes = FLOE_NONE},
    {.name = "girl",
     .role = FLOE_DATA,
     .base = FLOE_BOOL,
     .n_dim = 1,
     .dims = over_child,
     .low = 0,
     .high = 1,
     .codes = FLOE_NONE},
    {.name = "passed",
     .role = FLOE_OBS,
     .base = FLOE_INT,
     .n_dim = 1,
     .dims = over_child,
     .low = 0,
     .high = INFINITY,
     .has_distribution = 1,
     .codes = FLOE_NONE},
};
static size_t no_scratch(const struct floe_layout *layout) {
  (void)layout;
  return 0;
}
static int any(const struct floe_universe *universe) {
  (void)universe;
  return 1;
}
static void halve(const struct floe_context *context, const double *data, double *prepared, double *scratch) {
  (void)scratch;
  for (size_t k = 0; k < context->layout->n_data; k++) prepared[k] = data[k];
  prepared[context->layout->offset[PASSED]] /= 2;
}
static const struct floe_model grouped = {.version = FLOE_MODEL_VERSION,
                                          .name = "grouped",
                                          .n_dimension = 3,
                                          .n_variable = 6,
                                          .dimensions = grouped_dimensions,
                                          .variables = grouped_variables,
                                          .plate = CHILD,
                                          .sequence = FLOE_NONE,
                                          .scratch_size = no_scratch,
                                          .permitted = any,
                                          .prepare = halve};

static char folder[] = "/tmp/floe-test-data-XXXXXX";

static int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
  (void)state;
  return rmdir(folder);
}

/* Reads text as if it were a file of that name. */
static floe_status read_text(const struct floe_model *model, const char *name, const char *text, const char *choice,
                             struct floe_dataset **dataset, struct floe_error *error) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
  memset(error, 0, sizeof *error);
  const floe_status status = floe_data_read(
      model, path, &(struct floe_data_choice){.n_columns = choice ? 1 : 0, .columns = &choice}, dataset, error);
  unlink(path);
  if (status != FLOE_OK) assert_null(*dataset);
  return status;
}

static struct floe_dataset *good(const struct floe_model *model, const char *name, const char *text,
                                 const char *choice) {
  struct floe_dataset *dataset;
  struct floe_error error;
  if (read_text(model, name, text, choice, &dataset, &error) != FLOE_OK)
    fail_msg("%s: %s (%s)", error.where, error.message, error.fix);
  return dataset;
}

/* The text is refused, with these words in where and message. */
static void refused(const struct floe_model *model, const char *name, const char *text, const char *choice,
                    floe_status status, const char *where, const char *message, const char *fix) {
  struct floe_dataset *dataset;
  struct floe_error error;
  assert_int_equal(read_text(model, name, text, choice, &dataset, &error), status);
  if (!strstr(error.where, where) || !strstr(error.message, message) || !strstr(error.fix, fix))
    fail_msg("expected %s | %s | %s\n but got %s | %s | %s", where, message, fix, error.where, error.message,
             error.fix);
}

static const char schools[] = "school,y,sigma\nA,28,15\nB,8,10\nC,-3,16\nD,7,11\nE,-1,9\nF,1,11\nG,18,10\nH,12,18\n";

static void the_eight_schools_are_read_with_their_names(void **state) {
  (void)state;
  struct floe_dataset *dataset = good(&eight_schools_by_hand, "schools.csv", schools, NULL);
  assert_int_equal(dataset->layout->size[0], 8);
  assert_memory_equal(dataset->data, eight_schools_data, sizeof eight_schools_data);
  assert_string_equal(dataset->labels[0][7], "H");
  assert_int_equal(dataset->n_note, 0);
  char name[32];
  const struct floe_variable *theta = &eight_schools_by_hand.variables[EIGHT_SCHOOLS_THETA];
  assert_int_equal(floe_element_name(dataset->layout, dataset, "theta", 1, theta->dims, 2, name, sizeof name), 8);
  assert_string_equal(name, "theta[C]");
  floe_element_name(dataset->layout, NULL, "theta", 1, theta->dims, 2, name, sizeof name);
  assert_string_equal(name, "theta[3]");
  floe_data_free(dataset);
}

static void csv_may_have_a_mark_crlf_quotes_blanks_and_semicolons(void **state) {
  (void)state;
  struct floe_dataset *plain = good(&eight_schools_by_hand, "a.csv", schools, NULL);
  struct floe_dataset *odd =
      good(&eight_schools_by_hand, "b.csv",
           "\xef\xbb\xbf\"school\";sigma;y\r\n\"A \"\"one\"\"\";15;28\r\n\r\nB;10;8\r\nC; 16 ;-3\r\n"
           "D;11;7\r\nE;\"9\";-1\r\nF;11;1\r\nG;1e1;18\r\n\"H\nh\";18;12",
           NULL);
  assert_memory_equal(odd->data, plain->data, 16 * sizeof(double));
  assert_true(odd->hash == plain->hash);
  assert_string_equal(odd->labels[0][0], "A \"one\"");
  floe_data_free(plain);
  floe_data_free(odd);
}

static void json_is_read_as_cmdstan_reads_it(void **state) {
  (void)state;
  struct floe_dataset *dataset =
      good(&eight_schools_by_hand, "schools.json",
           "{\"J\": 8, \"y\": [28, 8, -3, 7, -1, 1, 18, 12], \"sigma\": [15, 10, 16, 11, 9, 11, 10, 18],"
           "\"school\": [\"A\",\"B\",\"C\",\"D\",\"E\",\"F\",\"G\",\"H\"]}",
           NULL);
  assert_memory_equal(dataset->data, eight_schools_data, sizeof eight_schools_data);
  assert_string_equal(dataset->labels[0][1], "B");
  assert_int_equal(dataset->n_note, 1);
  assert_string_equal(dataset->notes[0], "key 'J' is not used");
  floe_data_free(dataset);
}

#define Y8 "\"y\": [28, 8, -3, 7, -1, 1, 18, 12]"

static void errors_in_json_name_the_key_or_the_line(void **state) {
  (void)state;
  const struct floe_model *m = &eight_schools_by_hand;
  refused(m, "a.json", "{" Y8 "}", NULL, FLOE_EDATA, "a.json", "there is no key 'sigma'", "add the key");
  refused(m, "a.json", "{" Y8 ", \"Sigma\": [1,2,3,4,5,6,7,8]}", NULL, FLOE_EDATA, "a.json", "no key 'sigma'",
          "'Sigma'?");
  refused(m, "a.json", "{" Y8 ", \"sigma\": [1,2,3,4]}", NULL, FLOE_EDATA, "a.json",
          "y has 8 elements over school, but others have 4", "equally");
  refused(m, "a.json", "{" Y8 ", \"sigma\": [1,2,3,4,5,-6,7,8]}", NULL, FLOE_EDATA, "key sigma[6]",
          "sigma = -6 is below 0", "correct");
  refused(m, "a.json", "{" Y8 ", \"sigma\": [1,2,\"NaN\",4,5,6,7,8]}", NULL, FLOE_EDATA, "key sigma[3]", "missing",
          "leave");
  refused(m, "a.json", "{" Y8 ", \"sigma\": [1,2,\"Inf\",4,5,6,7,8]}", NULL, FLOE_EDATA, "key sigma[3]", "not a finite",
          "correct");
  refused(m, "a.json", "{" Y8 ", \"sigma\": [1,[2],3]}", NULL, FLOE_EDATA, "key sigma", "not rectangular",
          "equally long");
  refused(m, "a.json", "{" Y8 ", \"sigma\": [[1,2],[3,4]]}", NULL, FLOE_EDATA, "key sigma[1,1]", "2 dimensions, but 1",
          "level");
  refused(m, "a.json", "{" Y8 ", \"sigma\": [1,\"two\"]}", NULL, FLOE_EDATA, "key sigma", "mixed", "one kind");
  refused(m, "a.json", "{" Y8 ", \"sigma\": {\"a\": 1}}", NULL, FLOE_EDATA, "key sigma", "object", "numbers");
  refused(m, "a.json", "{" Y8 ",\n \"sigma\": [1,}", NULL, FLOE_EDATA, "a.json:2", "", "JSON");
  refused(m, "a.json", "[1, 2]", NULL, FLOE_EDATA, "a.json", "not one JSON object", "{");
  refused(m, "a.json", "{\"y\": [1], \"y\": [2]}", NULL, FLOE_EDATA, "a.json:1", "duplicate", "JSON");
  refused(m, "a.json", "{\"y\": [[[[[[[[[1]]]]]]]]]}", NULL, FLOE_EDATA, "key y", "8 levels", "fewer");
}

static void errors_in_csv_name_line_and_column(void **state) {
  (void)state;
  const struct floe_model *m = &eight_schools_by_hand;
  refused(m, "a.csv", "", NULL, FLOE_EDATA, "a.csv", "empty", "names the columns");
  refused(m, "a.csv", "y,sigma\n", NULL, FLOE_EDATA, "a.csv", "no rows", "add a row");
  refused(m, "a.csv", "y,y\n1,2\n", NULL, FLOE_EDATA, "a.csv:1", "two columns are named 'y'", "rename");
  refused(m, "a.csv", "y,sigma\n1,2\n1,2,3\n", NULL, FLOE_EDATA, "a.csv:3", "3 cells, the header has 2", "quote");
  refused(m, "a.csv", "y,sigma\n1,2\n\n1,\"2\n", NULL, FLOE_EDATA, "a.csv:4", "never closed", "close");
  refused(m, "a.csv", "y,sigma\n1,2\n1,2\"3\n", NULL, FLOE_EDATA, "a.csv:3", "stray quote", "double");
  refused(m, "a.csv", "y,sgima\n1,2\n", NULL, FLOE_EDATA, "a.csv", "no column 'sigma'", "did you mean 'sgima'?");
  refused(m, "a.csv", "y,se\n1,2\n", NULL, FLOE_EDATA, "a.csv", "no column 'sigma'", "--columns sigma=NAME");
  refused(m, "a.csv", "y,sigma\n1,2\n1,NA\n", NULL, FLOE_EDATA, "a.csv:3, column sigma", "missing value: 'NA'",
          "fill in");
  refused(m, "a.csv", "y,sigma\n1,2\n,3\n", NULL, FLOE_EDATA, "a.csv:3, column y", "missing value", "fill in");
  refused(m, "a.csv", "y,sigma\n1,2\n1,many\n", NULL, FLOE_EDATA, "a.csv:3, column sigma", "'many' is not a number",
          "number");
  refused(m, "a.csv", "y,sigma\n1,2\n1,\"2,5\"\n", NULL, FLOE_EDATA, "a.csv:3, column sigma", "'2,5' is not a number",
          "decimal point");
  refused(m, "a.csv", "y,sigma\n1,2\n1,2\n1,2\n1,-2\n", NULL, FLOE_EDATA, "a.csv:5, column sigma",
          "sigma = -2 is below 0", "type");
  refused(m, "a.csv", "y,sigma\n1,2\n1,2\n1,2\n1,inf\n", NULL, FLOE_EDATA, "a.csv:5, column sigma", "finite", "");
  refused(m, "a.csv", "y,sigma\n1,2\n1,2\n1,2\n", NULL, FLOE_EDATA, "a.csv",
          "school has size 3, outside the spec's 4..16", "range");
  refused(m, "a.csv", "y,s\n1,2\n", "sigma=t", FLOE_EDATA, "a.csv", "no column 't'", "");
  refused(m, "a.csv", "y,s\n1,2\n", "theta=s", FLOE_EUSAGE, "--columns", "does not name a data variable",
          "VARIABLE=COLUMN");
  refused(m, "a.csv", "y,s\n1,2\n", "sigma=s,y", FLOE_EUSAGE, "--columns", "one column, not 2", "");
}

static void all_errors_of_a_file_are_said_at_once(void **state) {
  (void)state;
  static const char *const files[] = {"a.csv", "a.json"};
  static const char *const texts[] = {"y,sigma\nsome,2\n1,-3\nNA,3\n1,2\n",
                                      "{\"y\": [\"some\", \"more\"], \"sigma\": [1, -3, \"NaN\", 4]}"};
  static const char *const said[] = {"sigma = -3 is below 0", "'some' is not a number", "missing value"};
  for (size_t k = 0; k < 2; k++) {
    struct floe_dataset *dataset;
    struct floe_error error;
    assert_int_equal(read_text(&eight_schools_by_hand, files[k], texts[k], NULL, &dataset, &error), FLOE_EDATA);
    assert_int_equal(error.n_also, 2);
    for (size_t j = 0; j < 3; j++) {
      bool found = strstr(error.message, said[j]);
      for (size_t i = 0; i < error.n_also; i++) found |= strstr(error.also[i].message, said[j]) != NULL;
      assert_true(found);
    }
  }
}

static void missing_files_and_binary_files_are_refused(void **state) {
  (void)state;
  struct floe_dataset *dataset;
  struct floe_error error;
  assert_int_equal(floe_data_read(&eight_schools_by_hand, "/nowhere/x.csv", NULL, &dataset, &error), FLOE_EDATA);
  assert_string_equal(error.where, "/nowhere/x.csv");
  char path[128];
  snprintf(path, sizeof path, "%s/z.csv", folder);
  FILE *file = fopen(path, "wb");
  fwrite("y\0,\n1,2\n", 1, 8, file);
  fclose(file);
  assert_int_equal(floe_data_read(&eight_schools_by_hand, path, NULL, &dataset, &error), FLOE_EDATA);
  assert_non_null(strstr(error.message, "NUL"));
  unlink(path);
}

static const char children[] = "id,group,pupils,x.2,x.1,scale,girl,passed\n"
                               "k1,red,20,1.5,10,2,TRUE,3\nk2,blue,25,2.5,20,2,false,0\nk3,red,20,3.5,30,2,1,7\n";

static void groups_matrices_scalars_and_truth_values_are_read(void **state) {
  (void)state;
  struct floe_dataset *dataset = good(&grouped, "children.csv", children, NULL);
  const double expected[] = {2, 1, 2, /**/ 25, 20, /**/ 10, 1.5, 20, 2.5, 30, 3.5, /**/ 2, /**/ 1, 0, 1, /**/ 3, 0, 7};
  assert_int_equal(dataset->layout->n_data, 18);
  assert_memory_equal(dataset->data, expected, sizeof expected);
  assert_int_equal(dataset->layout->size[CLASS], 2);
  assert_string_equal(dataset->labels[CLASS][0], "blue");
  assert_string_equal(dataset->labels[CHILD][2], "k3");
  struct floe_dataset *json =
      good(&grouped, "children.json",
           "{\"group\": [2, 1, 2], \"pupils\": [25, 20], \"x\": [[10, 1.5], [20, 2.5], [30, 3.5]],"
           " \"scale\": [2], \"girl\": [true, false, true], \"passed\": [3, 0, 7]}",
           NULL);
  assert_memory_equal(json->data, expected, sizeof expected);
  assert_true(json->hash == dataset->hash && json->labels[CLASS] == NULL);
  char name[32];
  floe_element_name(dataset->layout, dataset, "x", 2, child_by_covariate, 3, name, sizeof name);
  assert_string_equal(name, "x[k2,2]");
  floe_data_free(json);
  floe_data_free(dataset);
}

static void columns_can_be_chosen_by_name(void **state) {
  (void)state;
  struct floe_dataset *dataset = good(
      &grouped, "c.csv", "group,pupils,age,iq,scale,girl,passed\n1,20,10,1.5,2,1,3\n1,20,20,2.5,2,0,0\n", "x=age,iq");
  assert_true(dataset->data[dataset->layout->offset[X] + 3] == 2.5);
  floe_data_free(dataset);
}

static void errors_in_grouped_data_say_what_disagrees(void **state) {
  (void)state;
  const char *head = "group,pupils,x.1,scale,girl,passed\n";
  const struct {
    const char *rows, *where, *message;
  } bad[] = {
      {"1,20,0,2,1,3\n1,21,0,2,1,3\n", ":3, column pupils", "differs from an earlier row of the same class"},
      {"1,20,0,2,1,3\n1,20,0,3,1,3\n", ":3, column scale", "scale is one number"},
      {"1,20,0,2,1,3\n3,20,0,2,1,3\n", "", "no row tells pupils of class 2"},
      {"0,20,0,2,1,3\n", ":2, column group", "is not one of the"},
      {"1.5,20,0,2,1,3\n", ":2, column group", "not a whole number"},
      {"1,0,0,2,1,3\n", ":2, column pupils", "pupils = 0 is not above 0"},
      {"1,101,0,2,1,3\n", ":2, column pupils", "is above 100"},
      {"1,20,0,2,2,3\n", ":2, column girl", "neither 0 nor 1"},
      {"1,20,0,2,1,2.5\n", ":2, column passed", "not a whole number"},
      {"1,20,0,2,1,-1\n", ":2, column passed", "below 0"},
  };
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
    char text[256];
    snprintf(text, sizeof text, "%s%s", head, bad[k].rows);
    refused(&grouped, "g.csv", text, NULL, FLOE_EDATA, bad[k].where, bad[k].message, "");
  }
  refused(&grouped, "g.csv", "group,pupils,x.1,x.3,scale,girl,passed\n1,2,3,4,5,1,7\n", NULL, FLOE_EDATA, "g.csv",
          "are missing", "gaps");
}

static void prepared_data_is_checked_again(void **state) {
  (void)state;
  struct floe_dataset *dataset = good(&grouped, "children.csv", children, NULL);
  struct floe_universe universe = {0};
  struct floe_error error;
  double prepared[18];
  assert_int_equal(floe_data_prepare(dataset, &universe, prepared, NULL, &error), FLOE_EDATA);
  assert_string_equal(error.where, "universe reference");
  assert_string_equal(error.message, "after `prep`, passed[k1] = 1.5, which is not a whole number");
  dataset->data[dataset->layout->offset[PASSED]] = 4;
  assert_int_equal(floe_data_prepare(dataset, &universe, prepared, NULL, &error), FLOE_OK);
  assert_true(prepared[dataset->layout->offset[PASSED]] == 2);
  floe_data_free(dataset);
}

/* Structured parameters, to see where everything stands. */
static const size_t matrix[] = {CLASS, COVARIATE}, square[] = {CLASS, COVARIATE, COVARIATE};
static const struct floe_variable structured_variables[] = {
    {.name = "y", .role = FLOE_OBS, .n_dim = 2, .dims = matrix, .codes = FLOE_NONE},
    {.name = "share", .role = FLOE_PARAM, .structure = FLOE_SIMPLEX, .n_dim = 2, .dims = matrix, .codes = FLOE_NONE},
    {.name = "z",
     .role = FLOE_LATENT,
     .base = FLOE_INT,
     .discrete = 1,
     .n_dim = 1,
     .dims = over_class,
     .codes = FLOE_NONE},
    {.name = "L", .role = FLOE_PARAM, .structure = FLOE_CHOL_CORR, .n_dim = 3, .dims = square, .codes = FLOE_NONE},
    {.name = "V", .role = FLOE_PARAM, .structure = FLOE_CHOL_COV, .n_dim = 3, .dims = square, .codes = FLOE_NONE},
    {.name = "b", .role = FLOE_PARAM, .codes = FLOE_NONE},
};
static const struct floe_model structured = {.n_dimension = 3,
                                             .n_variable = 6,
                                             .dimensions = grouped_dimensions,
                                             .variables = structured_variables,
                                             .scratch_size = no_scratch,
                                             .permitted = any};

static void layouts_place_structured_variables(void **state) {
  (void)state;
  const size_t small[] = {1, 2, 2}, large[] = {1, 3, 3};
  struct floe_layout *a = floe_layout_new(&structured, small, NULL), *b = floe_layout_new(&structured, large, NULL);
  assert_true(b->n_data == 9 && b->n_value == 9 + 3 + 27 + 27 + 1);
  assert_true(b->free[1] == 6 && b->coordinate[2] == FLOE_NONE && b->free[3] == 9 && b->free[4] == 18 &&
              b->n_coordinate == 34);
  assert_true(b->offset[5] == 66 && b->coordinate[5] == 33);
  const double data[] = {1, 2, 3, 4}, coordinates[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  double spread[34];
  floe_layout_spread_data(a, b, data, -1, spread);
  const double expected[] = {1, 2, -1, 3, 4, -1, -1, -1, -1};
  assert_memory_equal(spread, expected, sizeof expected);
  assert_int_equal(a->n_coordinate, 2 + 2 + 6 + 1);
  floe_layout_spread_coordinates(a, b, coordinates, 0, spread);
  const double expected_coordinates[34] = {1, 0, 2, 0, 0, 0, 3, 0, 0, 4, 0,  0,        0,
                                           0, 0, 5, 6, 7, 0, 0, 0, 8, 9, 10, [33] = 11};
  assert_memory_equal(spread, expected_coordinates, sizeof expected_coordinates);
  floe_layout_free(a);
  floe_layout_free(b);
}

static void layouts_too_large_or_out_of_range_are_refused(void **state) {
  (void)state;
  struct floe_error error;
  const size_t huge[] = {SIZE_MAX / 2, 5, 3}, outside[] = {1, 6, 1};
  assert_null(floe_layout_new(&grouped, huge, &error));
  assert_non_null(strstr(error.message, "2^40"));
  assert_null(floe_layout_new(&grouped, outside, &error));
  assert_string_equal(error.message, "class has size 6, outside the spec's 1..5");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_eight_schools_are_read_with_their_names),
      cmocka_unit_test(csv_may_have_a_mark_crlf_quotes_blanks_and_semicolons),
      cmocka_unit_test(json_is_read_as_cmdstan_reads_it),
      cmocka_unit_test(errors_in_json_name_the_key_or_the_line),
      cmocka_unit_test(errors_in_csv_name_line_and_column),
      cmocka_unit_test(missing_files_and_binary_files_are_refused),
      cmocka_unit_test(groups_matrices_scalars_and_truth_values_are_read),
      cmocka_unit_test(columns_can_be_chosen_by_name),
      cmocka_unit_test(all_errors_of_a_file_are_said_at_once),
      cmocka_unit_test(errors_in_grouped_data_say_what_disagrees),
      cmocka_unit_test(prepared_data_is_checked_again),
      cmocka_unit_test(layouts_place_structured_variables),
      cmocka_unit_test(layouts_too_large_or_out_of_range_are_refused),
  };
  return cmocka_run_group_tests_name("data", tests, make_folder, remove_folder);
}
