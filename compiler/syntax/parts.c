#include "compiler/syntax/parts.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/names.h"
#include "compiler/syntax/parts_parts.h"

#define MAX_ARGUMENTS 64

/* Where statements stand: how many parts may be used there (those defined before), and whether in a loop. */
struct site {
  size_t n_visible;
  bool in_loop;
};

/* One use of a part. */
struct use {
  struct expander *expander;
  const struct part *part;
  const struct statement *target;
  const char *prefix;
  size_t n_argument;
  const struct expr *arguments[MAX_ARGUMENTS]; /* per parameter */
  bool result; /* its result is copied: an index stands for the one that the target binds */
};

/* ---- errors ---- */

void error_too_large(struct expander *e, struct span span) {
  if (!e->too_large)
    diagnose(e->sink, "E9009", span, "modules and parts grow beyond all measure")->fix = "use fewer of them";
  e->too_large = true;
}

static void error_place(struct expander *e, struct span span, const char *name, const char *where) {
  diagnose(e->sink, "E2104", span, "the part `%s` cannot stand %s", name, where)->fix =
      "give it a statement of its own, outside of loops: param a ~ part(...), or a = part(...)";
}

static void error_arguments(struct expander *e, struct span span, const struct part *part, const char *problem,
                            const char *name) {
  struct diagnostic *d = diagnose(e->sink, "E2105", span, "`%s` %s `%s`", part->name, problem, name);
  d->related = part->statement->name_span;
  d->related_message = "it is defined here";
}

static void error_indices(struct expander *e, const struct statement *s, const struct part *part) {
  struct diagnostic *d = diagnose(e->sink, "E2107", s->name_span, "`%s` is for values with other indices", part->name);
  d->fix = "put as many plain indices on the left as stand after the part's name in its definition";
  d->related = part->statement->name_span;
  d->related_message = "it is defined here";
}

/* ---- what both halves use ---- */

void expander_put(struct expander *e, struct statement *statement) {
  statement->next = NULL;
  *e->last = statement;
  e->last = &statement->next;
}

const char *joined(struct expander *e, const char *first, const char *last) {
  return floe__name_of(e->names, floe__arena_printf(e->arena, "%s.%s", first, last));
}

/* ---- arguments ---- */

static size_t position_of(const struct part *part, const char *name) {
  size_t k = 0;
  for (const struct parameter *p = part->statement->parameters; p; p = p->next, k++)
    if (p->name == name) return k;
  return SIZE_MAX;
}

static bool take_arguments(struct use *use, const struct expr *call) {
  size_t k = 0;
  bool sound = true;
  for (const struct expr *a = call->items; a; a = a->next) {
    size_t at = a->label ? position_of(use->part, a->label) : k++;
    if (at == SIZE_MAX) {
      error_arguments(use->expander, a->span, use->part, "has no argument", a->label);
      sound = false;
    } else if (at >= use->n_argument || use->arguments[at]) {
      error_arguments(use->expander, a->span, use->part, "has too many arguments, or one twice, in", call->name);
      sound = false;
    } else
      use->arguments[at] = a;
  }
  k = 0;
  for (const struct parameter *p = use->part->statement->parameters; p; p = p->next, k++) {
    if (!use->arguments[k]) use->arguments[k] = p->value;
    if (use->arguments[k]) continue;
    error_arguments(use->expander, call->span, use->part, "needs the argument", p->name);
    sound = false;
  }
  return sound;
}

static bool indices_fit(const struct use *use) {
  const struct expr *formal = use->part->statement->indices, *left = use->target->indices;
  if (!formal) return true;
  for (; formal && left; formal = formal->next, left = left->next)
    if (left->kind != EXPR_NAME && left->kind != EXPR_WITHIN) return false;
  return !formal && !left;
}

/* ---- names ---- */

static const struct expr *argument_named(const struct use *use, const char *name) {
  size_t k = position_of(use->part, name);
  return k == SIZE_MAX ? NULL : use->arguments[k];
}

/* The index of the target that a formal index stands for: the dimension, or inside the result the index over it. */
static const struct expr *index_named(const struct use *use, const char *name) {
  const struct expr *left = use->target->indices;
  for (const struct expr *formal = use->part->statement->indices; formal && left;
       formal = formal->next, left = left->next)
    if (formal->name == name) return left->kind == EXPR_NAME ? left : use->result ? left->left : left->right;
  return NULL;
}

static struct expr *part_value(void *context, const struct expr *name) {
  struct use *use = context;
  const struct expr *value = argument_named(use, name->name);
  if (!value) value = index_named(use, name->name);
  if (!value) return NULL;
  struct copying plain = {.arena = use->expander->arena, .n_node = use->expander->n_node};
  struct expr *copy = copy_expr(&plain, value);
  use->expander->n_node = plain.n_node;
  if (plain.too_large) error_too_large(use->expander, use->target->span);
  return copy;
}

static const char *part_name(void *context, enum name_role role, const char *name) {
  struct use *use = context;
  if (role == NAME_CALLEE) return name;
  if (part_has_name(use->part, name)) return joined(use->expander, use->prefix, name);
  const struct expr *value = role == NAME_INDEX ? index_named(use, name) : argument_named(use, name);
  if (!value) return name;
  if (value->kind == EXPR_NAME) return value->name;
  error_arguments(use->expander, value->span, use->part, "needs a plain name as its argument", name);
  return name;
}

/* ---- taking apart ---- */

static void expand_list(struct expander *e, const struct statement *list, struct site site);

struct misplaced {
  struct expander *expander;
  struct site site;
};

static const struct tree *module_of(const struct expander *e, const char *name) {
  const size_t length = strcspn(name, ".");
  for (size_t k = 0; k < e->n_module && name[length]; k++)
    if (strlen(e->modules[k].name) == length && !strncmp(e->modules[k].name, name, length)) return e->modules[k].tree;
  return NULL;
}

/* `hier.nrmal`, where the module in use defines no such thing. */
static void check_in_module(struct expander *e, const struct expr *call) {
  const struct tree *module = module_of(e, call->name);
  const char *names[MAX_PARTS], *name = module ? strchr(call->name, '.') + 1 : NULL;
  size_t n = 0;
  for (const struct statement *s = module ? module->statements : NULL; s && n < MAX_PARTS; s = s->next) {
    if (s->name && !strcmp(s->name, name)) return;
    if (s->name) names[n++] = s->name;
  }
  if (!module) return;
  const char *near = suggest(name, names, n);
  struct diagnostic *d = diagnose(e->sink, "E2002", call->name_span, "the module `%.*s` has no `%s`",
                                  (int)(name - call->name) - 1, call->name, name);
  if (near) d->fix = floe__arena_printf(e->arena, "did you mean `%.*s%s`?", (int)(name - call->name), call->name, near);
}

static void find_misplaced(void *context, const struct expr *expr) {
  const struct misplaced *m = context;
  if (expr->kind != EXPR_CALL) return;
  if (part_named(m->expander, m->site.n_visible, expr->name))
    error_place(m->expander, expr->span, expr->name, "inside of something else");
  else
    check_in_module(m->expander, expr);
}

static const struct part *part_used(const struct expander *e, const struct statement *s, struct site site) {
  switch (s->kind) {
    case STATEMENT_PARAM:
    case STATEMENT_LATENT:
    case STATEMENT_OBS:
    case STATEMENT_SAMPLE:
    case STATEMENT_DEFINE:
      return s->value && s->value->kind == EXPR_CALL ? part_named(e, site.n_visible, s->value->name) : NULL;
    default: return NULL;
  }
}

/* The statements of the part, then the target with its result. */
static void expand_part(struct expander *e, const struct statement *target, const struct part *part, const char *prefix,
                        struct site site) {
  struct use *use = floe__arena_alloc(e->arena, sizeof *use);
  *use = (struct use){.expander = e, .part = part, .target = target, .prefix = prefix};
  for (const struct parameter *p = part->statement->parameters; p; p = p->next) use->n_argument++;
  if (use->n_argument > MAX_ARGUMENTS) {
    error_too_large(e, part->statement->span);
    return;
  }
  if (!take_arguments(use, target->value)) return;
  if (!indices_fit(use)) {
    error_indices(e, target, part);
    return;
  }
  const struct statement *body = part->statement->body;
  if (site.in_loop && body->kind != STATEMENT_RESULT) {
    error_place(e, target->value->span, part->name, "in a loop");
    return;
  }
  struct copying copying = {
      .arena = e->arena, .context = use, .value = part_value, .name = part_name, .n_node = e->n_node};
  struct site inside = {(size_t)(part - e->parts), site.in_loop};
  for (; body && body->kind != STATEMENT_RESULT && !e->too_large; body = body->next) {
    struct statement *copy = copy_statement(&copying, body);
    copy->name_span = target->name_span; /* what is wrong with a name of the part's is wrong with this use of it */
    e->n_node = copying.n_node > e->n_node ? copying.n_node : e->n_node;
    if (copying.too_large) error_too_large(e, target->span);
    expand_list(e, copy, inside);
    copying.n_node = e->n_node;
  }
  if (!body || body->kind != STATEMENT_RESULT || e->too_large) return;
  struct statement *result = floe__arena_alloc(e->arena, sizeof *result);
  *result = *target;
  result->next = NULL;
  use->result = true;
  result->value = copy_expr(&copying, body->value);
  e->n_node = copying.n_node > e->n_node ? copying.n_node : e->n_node;
  if (copying.too_large) error_too_large(e, target->span);
  const struct part *inner = part_used(e, result, inside);
  const char *last = inner ? strrchr(inner->name, '.') : NULL;
  if (inner)
    expand_part(e, result, inner, joined(e, prefix, last ? last + 1 : inner->name), inside);
  else
    expand_list(e, result, inside);
}

/* The statements of a block, taken apart, as a list of their own. */
static struct statement *expand_block(struct expander *e, const struct statement *list, struct site site) {
  struct statement *first = e->first, **last = e->last;
  e->first = NULL;
  e->last = &e->first;
  expand_list(e, list, site);
  struct statement *block = e->first;
  e->first = first;
  e->last = last;
  return block;
}

static struct option *expand_options(struct expander *e, const struct option *list, struct site site) {
  struct option *first = NULL, **last = &first;
  for (; list; list = list->next, last = &(*last)->next) {
    *last = floe__arena_alloc(e->arena, sizeof **last);
    **last = *list;
    (*last)->body = expand_block(e, list->body, site);
    (*last)->next = NULL;
  }
  return first;
}

static void expand_statement(struct expander *e, const struct statement *s, struct site site) {
  const struct part *part = part_used(e, s, site);
  if (part) {
    expand_part(e, s, part, s->name, site);
    return;
  }
  struct statement *copy = floe__arena_alloc(e->arena, sizeof *copy);
  *copy = *s;
  bool block = s->kind == STATEMENT_FOR || s->kind == STATEMENT_IF || s->kind == STATEMENT_CHOOSE;
  struct misplaced misplaced = {e, site};
  if (block) {
    struct site inner = {site.n_visible, site.in_loop || s->kind != STATEMENT_CHOOSE};
    copy->body = expand_block(e, s->body, inner);
    copy->otherwise = expand_block(e, s->otherwise, inner);
    copy->options = expand_options(e, s->options, inner);
  } else
    visit_exprs(s, find_misplaced, &misplaced);
  expander_put(e, copy);
}

static void expand_list(struct expander *e, const struct statement *list, struct site site) {
  for (; list && !e->too_large; list = list->next) {
    if (list->kind == STATEMENT_USE)
      expand_use(e, list);
    else if (list->kind == STATEMENT_PART)
      part_define(e, list->name, list);
    else
      expand_statement(e, list, site);
    if (list->kind == STATEMENT_USE || list->kind == STATEMENT_PART) site.n_visible = e->n_part;
  }
}

static bool has_parts(const struct tree *spec) {
  for (const struct statement *s = spec->statements; s; s = s->next)
    if (s->kind == STATEMENT_USE || s->kind == STATEMENT_PART) return true;
  return false;
}

const struct tree *parts_expand(struct floe__arena *arena, struct floe__names *names, struct diagnostics *sink,
                                const struct tree *spec, size_t n_library, const struct tree *const *library,
                                struct module_reader reader) {
  if (!has_parts(spec)) return spec;
  struct expander *e = floe__arena_alloc(arena, sizeof *e);
  e->arena = arena;
  e->names = names;
  e->sink = sink;
  e->spec = spec;
  e->n_library = n_library;
  e->library = library;
  e->reader = reader;
  e->last = &e->first;
  expand_list(e, spec->statements, (struct site){0});
  struct tree *expanded = floe__arena_alloc(arena, sizeof *expanded);
  *expanded = (struct tree){.source = spec->source, .statements = e->first};
  return expanded;
}
