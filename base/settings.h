/* settings.h: what `network { name = value }` may say: one table for the compiler, which refuses what is wrong in a
 * spec, and for the runtime, which reads it. A value is a number within bounds, or one of some words. */
#ifndef FLOE_BASE_SETTINGS_H
#define FLOE_BASE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

struct floe__text;

struct floe__setting_rule {
  const char *name;
  double low, high;  /* inclusive; low > high: no number */
  bool whole;        /* the number is a whole one */
  const char *words; /* separated by '|'; NULL: none */
};

extern const struct floe__setting_rule floe__setting_rules[];
extern const size_t floe__n_setting_rule;

const struct floe__setting_rule *floe__setting_rule(const char *name); /* NULL: there is no such setting */

/* Whether the word, or without one the number, is a value of the setting. */
bool floe__setting_fits(const struct floe__setting_rule *rule, const char *word, double number);

/* "a whole number from 1 to 24", "`on`, `off`, or a whole number from 4 to 64" */
void floe__setting_values(const struct floe__setting_rule *rule, struct floe__text *text);

#endif
