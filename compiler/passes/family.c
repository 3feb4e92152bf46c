/* Distributions instantiated: choices distributed, powers replaced by what their methods say. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "compiler/passes/lower.h"

static struct floe__arena *arena_of(struct place place) {
  return place.lowering->graph->arena;
}

static struct place place_of_method(struct place place, const struct family *single) {
  struct place inside = place_inlined(place);
  for (size_t k = 0; k < single->distribution->n_formal; k++)
    frame_bind(inside, single->distribution->formals[k], single->args[k]);
  place_inherit(place, inside, &single->distribution->support);
  return inside;
}

static struct family *choice_new(struct place place, const struct axis *axis, size_t n) {
  struct family *family = floe__arena_alloc(arena_of(place), sizeof *family);
  family->axis = axis;
  family->n = n;
  family->options = floe__arena_array(arena_of(place), n, sizeof *family->options);
  return family;
}

static const struct family *family_of_choice(struct place place, const struct term *term) {
  struct family *family = choice_new(place, term->axis, term->n_item);
  for (size_t k = 0; k < term->n_item; k++)
    if (term->items[k]) family->options[k] = family_of(place, term->items[k]);
  return family;
}

static const struct family *family_of_distribution(struct place place, const struct term *term) {
  struct family *family = floe__arena_alloc(arena_of(place), sizeof *family);
  family->distribution = term->distribution;
  family->first = term->variable;
  family->args = floe__arena_array(arena_of(place), term->n_item + 1, sizeof *family->args);
  for (size_t k = 0; k < term->n_item; k++) family->args[k] = lower(place, term->items[k]);
  return family;
}

static const struct family *power_of(struct place place, const struct family *family, const struct node *exponent,
                                     bool on_log) {
  if (family->n) {
    struct family *powers = choice_new(place, family->axis, family->n);
    for (size_t k = 0; k < family->n; k++)
      if (family->options[k]) powers->options[k] = power_of(place, family->options[k], exponent, on_log);
    return powers;
  }
  struct place inside = place_of_method(place, family);
  frame_bind(inside, family->distribution->a, exponent);
  return family_of(inside, on_log ? family->distribution->power_log : family->distribution->power);
}

static const struct family *family_of_call(struct place place, const struct term *term) {
  struct place inside = place_inlined(place);
  for (size_t k = 0; k < term->n_item; k++)
    frame_bind(inside, term->function->formals[k], lower(place, term->items[k]));
  return family_of(inside, term->function->value);
}

static const struct family *family_of_steps(struct place place, const struct definition *steps) {
  struct family *family = floe__arena_alloc(arena_of(place), sizeof *family);
  family->steps = steps;
  return family;
}

const struct family *family_of(struct place place, const struct term *term) {
  switch (term->kind) {
    case TERM_CHOOSE: return family_of_choice(place, term);
    case TERM_DISTRIBUTION: return family_of_distribution(place, term);
    case TERM_POWER:
      return power_of(place, family_of(place, term->items[0]), lower(place, term->items[1]), term->on_log);
    case TERM_CALL: return family_of_call(place, term);
    case TERM_DEFINITION:
      return term->definition->variable ? family_of_steps(place, term->definition)
                                        : family_of(place, term->definition->value);
    case TERM_NUMBER:
    case TERM_VARIABLE:
    case TERM_FORMAL:
    case TERM_BINDER:
    case TERM_SIZE:
    case TERM_AXIS:
    case TERM_AXIS_IS:
    case TERM_ELEMENT:
    case TERM_MAP:
    case TERM_REDUCE:
    case TERM_OPERATOR:
    case TERM_SELECT:
    case TERM_EXTERN:
    case TERM_ARRAY: return NULL; /* not reached: no distributions */
  }
  return NULL;
}

/* ---- methods ---- */

const struct node *family_log_density(struct place place, const struct family *single, const struct node *x) {
  struct place inside = place_of_method(place, single);
  frame_bind(inside, single->distribution->x, x);
  return lower(inside, single->distribution->logpdf);
}

const struct node *family_sample(struct place place, const struct family *single, size_t site) {
  struct place inside = place_of_method(place, single);
  inside.frame->site = &site;
  return lower(inside, single->distribution->sample);
}

const struct node *finite_bound(const struct node *bound) {
  return bound && bound->kind == NODE_CONST && isinf(bound->number) ? NULL : bound;
}

static const struct node *bound_of(struct place place, const struct family *single, const struct term *bound) {
  return bound ? finite_bound(lower(place_of_method(place, single), bound)) : NULL;
}

const struct node *family_low(struct place place, const struct family *single) {
  return bound_of(place, single, single->distribution->support.low);
}

const struct node *family_high(struct place place, const struct family *single) {
  return bound_of(place, single, single->distribution->support.high);
}

/* ---- affine distributions ---- */

bool family_is_affine(const struct family *single) {
  return single->distribution->location && single->distribution->scale;
}

const struct node *family_location(struct place place, const struct family *single) {
  return lower(place_of_method(place, single), single->distribution->location);
}

const struct node *family_scale(struct place place, const struct family *single) {
  return lower(place_of_method(place, single), single->distribution->scale);
}

static size_t place_of_formal(const struct distribution *distribution, const struct term *formal) {
  size_t k = 0;
  while (k < distribution->n_formal && distribution->formals[k] != formal->formal) k++;
  return k;
}

const struct family *family_standard(struct place place, const struct family *single) {
  const struct distribution *distribution = single->distribution;
  const struct term *location = distribution->location, *scale = distribution->scale;
  if (location->kind != TERM_FORMAL || scale->kind != TERM_FORMAL || location->formal == scale->formal) return NULL;
  struct family *standard = floe__arena_alloc(arena_of(place), sizeof *standard);
  standard->distribution = distribution;
  standard->args = floe__arena_array(arena_of(place), distribution->n_formal, sizeof *standard->args);
  memcpy(standard->args, single->args, distribution->n_formal * sizeof *standard->args);
  standard->args[place_of_formal(distribution, location)] = node_const(place.lowering->graph, 0);
  standard->args[place_of_formal(distribution, scale)] = node_const(place.lowering->graph, 1);
  return standard;
}
