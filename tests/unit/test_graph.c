#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "compiler/graph/construct.h"

static struct dimension school = {.name = "school", .low = 4, .high = 16, .id = 0};
static struct dimension day = {.name = "day", .low = 14, .high = 14, .ordered = true, .id = 1};
static struct variable y = {
    .role = ROLE_OBS, .name = "y", .id = 0, .type = {.n_dim = 1, .dim = (const struct dimension *[]){&school}}};
static struct variable mu = {.role = ROLE_PARAM, .name = "mu", .id = 1};
static struct variable tau = {.role = ROLE_PARAM, .name = "tau", .id = 2};
static struct axis noise = {.name = "noise", .id = 0, .n_option = 2};
static struct axis prior = {.name = "prior", .id = 1, .n_option = 2};
static struct external draw = {.name = "std_normal", .symbol = "floe_draw_normal", .random = true};

static void no_memory(void *context) {
  (void)context;
  abort();
}

static int start(void **state) {
  *state = graph_new(floe__arena_new((size_t)64 << 20, no_memory, NULL));
  return 0;
}

static int finish(void **state) {
  floe__arena_free(((struct graph *)*state)->arena);
  return 0;
}

static const struct node *element(struct graph *graph, const struct variable *variable,
                                  const struct graph_binder *binder) {
  const struct node *index = node_binder(graph, binder);
  return node_gather(graph, node_value(graph, variable), &index);
}

static const struct node *sum_of_squares(struct graph *graph, const struct node *shift) {
  const struct graph_binder *i = graph_open(graph, &school, "school");
  const struct node *difference = node_binary(graph, OP_SUB, element(graph, &y, i), shift);
  return node_reduce(graph, REDUCE_SUM, i, node_binary(graph, OP_MUL, difference, difference));
}

static const struct node *mean(struct graph *graph) {
  const struct graph_binder *i = graph_open(graph, &school, "school");
  const struct node *sum = node_reduce(graph, REDUCE_SUM, i, element(graph, &y, i));
  return node_binary(graph, OP_DIV, sum, node_size(graph, &school));
}

static void equal_nodes_are_the_same_node(void **state) {
  struct graph *graph = *state;
  const struct node *a = node_value(graph, &mu), *b = node_value(graph, &tau);
  assert_ptr_equal(node_binary(graph, OP_SUB, a, b), node_binary(graph, OP_SUB, a, b));
  assert_ptr_not_equal(node_binary(graph, OP_SUB, a, b), node_binary(graph, OP_SUB, b, a));
  assert_ptr_equal(node_binary(graph, OP_MUL, a, b), node_binary(graph, OP_MUL, b, a));
}

static void constants_fold_and_neutral_elements_vanish(void **state) {
  struct graph *graph = *state;
  const struct node *x = node_value(graph, &mu), *zero = node_const(graph, 0), *one = node_const(graph, 1);
  assert_float_equal(node_binary(graph, OP_POW, node_const(graph, 2), node_const(graph, 10))->number, 1024, 0);
  assert_ptr_equal(node_binary(graph, OP_ADD, x, zero), x);
  assert_ptr_equal(node_binary(graph, OP_SUB, x, zero), x);
  assert_ptr_equal(node_binary(graph, OP_MUL, one, x), x);
  assert_ptr_equal(node_binary(graph, OP_DIV, x, one), x);
  assert_ptr_equal(node_unary(graph, OP_NEG, node_unary(graph, OP_NEG, x)), x);
  assert_ptr_equal(node_binary(graph, OP_POW, x, node_const(graph, 2)), node_binary(graph, OP_MUL, x, x));
  assert_ptr_equal(node_select(graph, node_truth(graph, false), x, zero), zero);
}

static void a_product_with_zero_stays_where_the_other_side_may_be_infinite(void **state) {
  struct graph *graph = *state;
  const struct node *zero = node_const(graph, 0);
  assert_int_equal(node_binary(graph, OP_MUL, zero, node_value(graph, &mu))->kind, NODE_OPERATOR);
  assert_ptr_equal(node_binary(graph, OP_MUL, zero, node_size(graph, &school)), zero);
}

static void a_closed_loop_is_the_same_node_wherever_it_stands(void **state) {
  struct graph *graph = *state;
  const struct node *outside = mean(graph);
  const struct graph_binder *i = graph_open(graph, &school, "school");
  const struct node *inside = mean(graph);
  node_map(graph, 1, &i, node_binary(graph, OP_SUB, element(graph, &y, i), inside));
  assert_ptr_equal(outside, inside);
  assert_true(binders_are_none(&outside->free));
}

static void a_loop_around_one_over_the_same_dimension_has_another_binder(void **state) {
  struct graph *graph = *state;
  const struct graph_binder *i = graph_open(graph, &school, "school");
  const struct node *outer = node_map(graph, 1, &i, sum_of_squares(graph, element(graph, &y, i)));
  const struct node *inner = outer->args[0];
  assert_int_equal(inner->kind, NODE_REDUCE);
  assert_int_equal(inner->binder->level, 0);
  assert_int_equal(outer->binders[0]->level, 1);
  assert_true(binders_have(&inner->free, outer->binders[0]->id));
}

static void an_element_of_a_cheap_map_is_its_body(void **state) {
  struct graph *graph = *state;
  const struct graph_binder *i = graph_open(graph, &school, "school"), *j;
  const struct node *twice =
      node_map(graph, 1, &i, node_binary(graph, OP_MUL, node_const(graph, 2), element(graph, &y, i)));
  j = graph_open(graph, &school, "school");
  const struct node *index = node_binder(graph, j), *shifted = node_binary(graph, OP_ADD, index, node_const(graph, 1));
  const struct node *body = node_gather(graph, twice, &index);
  assert_ptr_equal(body, node_binary(graph, OP_MUL, node_const(graph, 2), element(graph, &y, j)));
  assert_int_equal(node_gather(graph, twice, &shifted)->kind, NODE_GATHER); /* may lie outside the array */
  graph_close(graph, j);
}

static void an_element_of_a_map_of_loops_is_not_computed_again(void **state) {
  struct graph *graph = *state;
  const struct graph_binder *i = graph_open(graph, &school, "school"), *j;
  const struct node *spread = node_map(graph, 1, &i, sum_of_squares(graph, element(graph, &y, i)));
  j = graph_open(graph, &school, "school");
  const struct node *index = node_binder(graph, j);
  assert_int_equal(node_gather(graph, spread, &index)->kind, NODE_GATHER);
  graph_close(graph, j);
}

static void a_map_over_all_elements_of_an_array_is_the_array(void **state) {
  struct graph *graph = *state;
  const struct graph_binder *i = graph_open(graph, &school, "school");
  const struct node *whole = element(graph, &y, i);
  assert_ptr_equal(node_map(graph, 1, &i, whole), node_value(graph, &y));
}

static void a_choice_between_equal_options_is_no_choice(void **state) {
  struct graph *graph = *state;
  const struct node *x = node_value(graph, &mu), *options[] = {x, x}, *excluded[] = {NULL, x};
  assert_ptr_equal(node_choose(graph, &noise, options), x);
  assert_ptr_equal(node_choose(graph, &noise, excluded), x);
}

static void a_choice_within_an_option_of_the_same_axis_is_made_already(void **state) {
  struct graph *graph = *state;
  const struct node *a = node_value(graph, &mu), *b = node_value(graph, &tau), *pair[] = {a, b}, *swapped[] = {b, a};
  const struct node *inner = node_choose(graph, &noise, pair), *other = node_choose(graph, &prior, swapped);
  const struct node *sums[] = {node_binary(graph, OP_ADD, inner, other), b};
  const struct node *outer = node_choose(graph, &noise, sums);
  assert_ptr_equal(outer->args[0], node_binary(graph, OP_ADD, a, other));
  assert_ptr_equal(graph_specialise(graph, outer, &prior, 1)->args[0], node_binary(graph, OP_ADD, a, a));
}

static void a_sum_of_choices_is_a_choice_of_sums(void **state) {
  struct graph *graph = *state;
  const struct graph_binder *i = graph_open(graph, &school, "school");
  const struct node *x = element(graph, &y, i), *options[] = {x, node_binary(graph, OP_MUL, x, x)};
  const struct node *sum = node_reduce(graph, REDUCE_SUM, i, node_choose(graph, &noise, options));
  assert_int_equal(sum->kind, NODE_CHOOSE);
  assert_int_equal(sum->args[1]->kind, NODE_REDUCE);
}

static void substitution_captures_nothing(void **state) {
  struct graph *graph = *state;
  const struct graph_binder *i = graph_binder(graph, &school, 0, "school"),
                            *k = graph_binder(graph, &school, 5, "school");
  const struct node *within_k = sum_of_squares(graph, element(graph, &y, k)), *i_itself = node_binder(graph, i);
  const struct node *result = graph_substitute(graph, within_k, 1, &k, &i_itself);
  assert_true(binders_have(&result->free, i->id));
  assert_ptr_not_equal(result->binder, i);
}

static const struct node *walk(struct graph *graph, double step) {
  const struct graph_binder *s = graph_open(graph, &day, "day");
  const struct node *args[] = {
      node_value(graph, &mu),
      node_binary(graph, OP_ADD, node_previous(graph, s, 0, 1, BASE_REAL), node_const(graph, step))};
  return node_project(graph, node_scan(graph, s, 2, 1, args), 0);
}

static void scans_share_no_binder_unless_they_are_the_same(void **state) {
  struct graph *graph = *state;
  const struct node *slow = walk(graph, 1), *fast = walk(graph, 2);
  assert_ptr_equal(slow, walk(graph, 1));
  assert_ptr_equal(fast, walk(graph, 2));
  assert_ptr_not_equal(slow->args[0]->binder, fast->args[0]->binder);
}

static void an_initial_element_of_a_scan_needs_no_scan(void **state) {
  struct graph *graph = *state;
  const struct node *first = node_const(graph, 1);
  assert_ptr_equal(node_gather(graph, walk(graph, 1), &first), node_value(graph, &mu));
}

static void draws_at_the_same_site_and_element_are_one(void **state) {
  struct graph *graph = *state;
  const struct graph_binder *i = graph_open(graph, &school, "school"), *j;
  const struct node *key = node_binder(graph, i);
  const struct node *array = node_map(graph, 1, &i, node_draw(graph, &draw, NULL, 64, 1, &key));
  j = graph_open(graph, &school, "school");
  key = node_binder(graph, j);
  assert_ptr_equal(node_map(graph, 1, &j, node_draw(graph, &draw, NULL, 64, 1, &key)), array);
  assert_ptr_not_equal(node_draw(graph, &draw, NULL, 64, 0, NULL), node_draw(graph, &draw, NULL, 65, 0, NULL));
}

static void levels_are_the_highest_of_the_arguments(void **state) {
  struct graph *graph = *state;
  const struct node *x = node_value(graph, &mu), *size = node_size(graph, &school);
  assert_int_equal(mean(graph)->level, LEVEL_DATA);
  assert_int_equal(node_binary(graph, OP_ADD, size, x)->level, LEVEL_PARAM);
  assert_int_equal(size->level, LEVEL_UNIVERSE);
  assert_int_equal(node_size(graph, &day)->level, LEVEL_CONST); /* its size is fixed */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(equal_nodes_are_the_same_node),
      TEST(constants_fold_and_neutral_elements_vanish),
      TEST(a_product_with_zero_stays_where_the_other_side_may_be_infinite),
      TEST(a_closed_loop_is_the_same_node_wherever_it_stands),
      TEST(a_loop_around_one_over_the_same_dimension_has_another_binder),
      TEST(an_element_of_a_cheap_map_is_its_body),
      TEST(an_element_of_a_map_of_loops_is_not_computed_again),
      TEST(a_map_over_all_elements_of_an_array_is_the_array),
      TEST(a_choice_between_equal_options_is_no_choice),
      TEST(a_choice_within_an_option_of_the_same_axis_is_made_already),
      TEST(a_sum_of_choices_is_a_choice_of_sums),
      TEST(substitution_captures_nothing),
      TEST(scans_share_no_binder_unless_they_are_the_same),
      TEST(an_initial_element_of_a_scan_needs_no_scan),
      TEST(draws_at_the_same_site_and_element_are_one),
      TEST(levels_are_the_highest_of_the_arguments),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
