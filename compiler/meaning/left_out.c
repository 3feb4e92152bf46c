/* Preparations that leave observations out. */
#include <string.h>

#include "compiler/meaning/checker.h"

static const char symbol_of_left_out[] = "floe_left_out"; /* stdlib/preparation.floe */

/* What has been looked at. */
struct seen {
  const void *item;
  const struct seen *next;
};

struct search {
  struct checker *c;
  const struct seen *seen;
  bool found;
};

static bool is_new(struct search *s, const void *item) {
  for (const struct seen *seen = s->seen; seen; seen = seen->next)
    if (seen->item == item) return false;
  struct seen *seen = floe__arena_alloc(s->c->arena, sizeof *seen);
  *seen = (struct seen){item, s->seen};
  s->seen = seen;
  return true;
}

static void search_term(struct search *s, const struct term *term) {
  if (!term || s->found) return;
  s->found = term->kind == TERM_EXTERN && strcmp(term->external->symbol, symbol_of_left_out) == 0;
  if (term->function && is_new(s, term->function)) search_term(s, term->function->value);
  if (term->definition && is_new(s, term->definition)) search_term(s, term->definition->value);
  for (size_t k = 0; k < term->n_item; k++) search_term(s, term->items[k]);
}

static bool leaves_out(struct checker *c, const struct term *value) {
  struct search search = {.c = c};
  search_term(&search, value);
  return search.found;
}

static void error_needed(struct checker *c, const struct statement *s, const struct variable *v) {
  struct diagnostic *d = diagnose(c->sink, "E4019", s->value->span, "this leaves out values of `%s`, which is not `missing`", v->name);
  d->fix = floe__arena_printf(c->arena, "declare it so: obs %s[...] missing", v->name);
  d->related = v->span;
  d->related_message = "it is declared here";
}

static void warn_sizes(struct checker *c, const struct statement *s, const struct variable *v) {
  diagnose(c->sink, "W3003", s->value->span, "how many values of `%s` count depends on the universe", v->name)->fix =
      "compare answers, not likelihoods or evidence, between these universes";
}

/* Of the options of a choice some leave out and some do not. */
static bool sizes_differ(struct checker *c, const struct term *value) {
  if (value->kind != TERM_CHOOSE) return false;
  for (size_t k = 0; k < value->n_item; k++)
    if (value->items[k] && leaves_out(c, value->items[k])) return true;
  return false;
}

bool check_left_out(struct checker *c, const struct statement *s, const struct variable *v, const struct term *value) {
  if (!leaves_out(c, value)) return false;
  if (v->role != ROLE_OBS || !v->missing)
    error_needed(c, s, v);
  else if (sizes_differ(c, value))
    warn_sizes(c, s, v);
  return true;
}
