/* universe.h: universes and their names. An id lists, in the spec's order, the axes that have an effect and differ
 * from the reference: `noise=heavy,tau_prior=flat`; the reference itself is `reference`. */
#ifndef FLOE_DATA_UNIVERSE_H
#define FLOE_DATA_UNIVERSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <floe/model.h>

#include "base/error.h"

void floe_universe_reference(const struct floe_model *model, struct floe_universe *universe);

/* Whether all conditions hold. */
bool floe_conditions_hold(size_t n_condition, const struct floe_condition *conditions,
                          const struct floe_universe *universe);
bool floe_universe_active(const struct floe_model *model, const struct floe_universe *universe, size_t axis);
bool floe_variable_present(const struct floe_model *model, const struct floe_universe *universe, size_t variable);

/* Sets every axis without effect to its reference, so that universes that mean the same are equal. */
void floe_universe_canonical(const struct floe_model *model, struct floe_universe *universe);
bool floe_universe_equal(const struct floe_model *model, const struct floe_universe *a, const struct floe_universe *b);
uint64_t floe_universe_hash(const struct floe_model *model, const struct floe_universe *universe);

/* Writes the id, without hyper values (NUL-terminated, cut if need be) and returns its whole length, as snprintf does. */
size_t floe_universe_id(const struct floe_model *model, const struct floe_universe *universe, char *id,
                        size_t capacity);

/* Moves the universe, which starts as the reference, to what the texts select (base/selection.h): ids, or any
 * `axis=option,axis=value` lists. held (n_axis), or NULL: the axes that are set now. implied, or NULL: the settings among them
 * that no text names. Does not ask whether the universe is permitted. */
FLOE_NODISCARD floe_status floe_universe_select(const struct floe_model *model, size_t n_text, const char *const *texts,
                                                struct floe_universe *universe, bool *held, char *implied,
                                                size_t capacity, struct floe_error *error);

bool floe_universe_permitted(const struct floe_model *model, const struct floe_universe *universe);

/* All different permitted universes of the discrete axes, equivalence axes and continuous axes at their reference:
 * the reference first (if permitted), then with the last axis running fastest. Fills up to `capacity` of them and
 * returns how many there are; counting stops at 2^20 combinations (SIZE_MAX then). universes may be NULL with
 * capacity 0. */
size_t floe_universe_list(const struct floe_model *model, struct floe_universe *universes, size_t capacity);

/* Draws a universe for training: discrete axes by their weights, continuous ones uniformly (in the logarithm where
 * they are logarithmic) over their range; prep and equiv axes at the reference; only permitted universes. A function
 * of seed and unit alone. False after 10,000 refusals in a row. */
bool floe_universe_draw(const struct floe_model *model, uint64_t seed, uint64_t unit, struct floe_universe *universe);

/* Settings (n_axis): a universe as numbers, the option for discrete axes, else the value. And back. */
void floe_universe_settings(const struct floe_model *model, const struct floe_universe *universe, double *settings);
void floe_universe_from_settings(const struct floe_model *model, const double *settings,
                                 struct floe_universe *universe);


#endif
