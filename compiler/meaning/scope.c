#include "compiler/meaning/checker.h"

#include <string.h>

void list_add(struct floe__arena *arena, struct list *list, const void *item) {
  if (list->n == list->capacity) {
    size_t capacity = list->capacity ? 2 * list->capacity : 8;
    void **items = floe__arena_array(arena, capacity, sizeof *items);
    if (list->n) memcpy(items, list->items, list->n * sizeof *items);
    list->items = items;
    list->capacity = capacity;
  }
  list->items[list->n++] = (void *)item;
}

enum namespace namespace_of(enum symbol_kind kind) {
  switch (kind) {
    case SYMBOL_FUNCTION:
    case SYMBOL_EXTERN:
    case SYMBOL_DISTRIBUTION: return NAMESPACE_CALLABLE;
    case SYMBOL_INDEX: return NAMESPACE_INDEX;
    case SYMBOL_CONSTANT:
    case SYMBOL_VARIABLE:
    case SYMBOL_DEFINITION:
    case SYMBOL_PARTIAL:
    case SYMBOL_AXIS:
    case SYMBOL_FORMAL:
    case SYMBOL_TERM:
    case SYMBOL_POISON: return NAMESPACE_VALUE;
  }
  return NAMESPACE_VALUE;
}

/* ---- errors ---- */

char *quoted_fix(struct checker *c, const char *suggestion) {
  return suggestion ? floe__arena_printf(c->arena, "did you mean `%s`?", suggestion) : NULL;
}

struct diagnostic *error_defined_twice(struct checker *c, const char *name, struct span span, struct span first) {
  struct diagnostic *d = diagnose(c->sink, "E2004", span, "`%s` is defined already", name);
  d->fix = "a name is defined once: give one of them another name";
  d->related = first;
  d->related_message = "the first definition is here";
  return d;
}

/* Of a name that parts make in both places, `a.tau`, the user wrote `a`. */
static const char *written(struct checker *c, const char *name, struct span span, struct span first) {
  const size_t length = strcspn(name, ".");
  const bool parts = span.end - span.begin == length && first.end - first.begin == length;
  return parts ? floe__arena_copy(c->arena, name, length) : name;
}

static void error_symbol_twice(struct checker *c, const char *name, struct span span, struct symbol *first) {
  struct diagnostic *d = error_defined_twice(c, written(c, name, span, first->span), span, first->span);
  if (!presence_within(c, c->everywhere, first->presence))
    d->fix = "an unknown is declared once: before the `choose`, with `~ choose AXIS { ... }` where options differ";
  first->presence = c->everywhere; /* what uses it was meant */
}

static void error_too_many_names(struct checker *c, struct span span) {
  diagnose(c->sink, "E9004", span, "a spec may define at most %d names", MAX_SYMBOLS);
}

struct diagnostic *error_limit(struct checker *c, struct span span, const char *what, size_t most) {
  return diagnose(c->sink, "E9012", span, "%s at most %zu", what, most);
}

/* ---- lookup ---- */

static size_t bucket_of(const struct scope *scope, const char *name) {
  uintptr_t hash = (uintptr_t)name;
  hash ^= hash >> 17;
  hash *= (uintptr_t)0x9E3779B1u;
  hash ^= hash >> 13;
  return hash % scope->n_bucket;
}

struct scope *scope_new(struct checker *c, struct scope *outer, size_t n_bucket) {
  struct scope *scope = floe__arena_alloc(c->arena, sizeof *scope);
  scope->outer = outer;
  scope->n_bucket = n_bucket;
  scope->buckets = floe__arena_array(c->arena, n_bucket, sizeof *scope->buckets);
  return scope;
}

struct symbol *scope_find_here(const struct scope *scope, enum namespace namespace, const char *name) {
  struct symbol *s = scope->buckets[bucket_of(scope, name)];
  while (s && (s->name != name || s->namespace != namespace)) s = s->next;
  return s;
}

struct symbol *scope_find(const struct scope *scope, enum namespace namespace, const char *name) {
  for (; scope; scope = scope->outer) {
    struct symbol *s = scope_find_here(scope, namespace, name);
    if (s) return s;
  }
  return NULL;
}

struct symbol *scope_add(struct checker *c, struct scope *scope, enum symbol_kind kind, const char *name,
                         struct span span, struct presence presence) {
  struct symbol *first = scope_find_here(scope, namespace_of(kind), name);
  if (first) {
    if (first->kind != SYMBOL_POISON) error_symbol_twice(c, name, span, first);
    return NULL;
  }
  if (++c->n_symbol > MAX_SYMBOLS) {
    if (c->n_symbol == MAX_SYMBOLS + 1) error_too_many_names(c, span);
    return NULL;
  }
  struct symbol *symbol = floe__arena_alloc(c->arena, sizeof *symbol);
  size_t bucket = bucket_of(scope, name);
  *symbol = (struct symbol){.kind = kind,
                            .namespace = namespace_of(kind),
                            .name = name,
                            .span = span,
                            .presence = presence,
                            .library = c->in_library,
                            .next = scope->buckets[bucket]};
  scope->buckets[bucket] = symbol;
  return symbol;
}

/* ---- what a name may have meant ---- */

static const char *const language_functions[] = {"sum", "prod", "max", "min", "all", "any", "size", "if"};

static const char *nearest(struct checker *c, const struct scope *scope, enum namespace namespace, const char *name) {
  struct list names = {0};
  for (; scope; scope = scope->outer)
    for (size_t b = 0; b < scope->n_bucket; b++)
      for (const struct symbol *s = scope->buckets[b]; s; s = s->next)
        if (s->namespace == namespace) list_add(c->arena, &names, s->name);
  if (namespace == NAMESPACE_CALLABLE)
    for (size_t k = 0; k < sizeof language_functions / sizeof *language_functions; k++)
      list_add(c->arena, &names, language_functions[k]);
  return suggest(name, (const char *const *)names.items, names.n);
}

/* A statement of the spec, at the top or in a choose block, that defines the name. */
static const struct statement *statement_defining(const struct statement *s, const char *name) {
  for (; s; s = s->next) {
    bool defines = s->kind != STATEMENT_SAMPLE && s->kind != STATEMENT_PREP && s->kind != STATEMENT_REPORT &&
                   s->kind != STATEMENT_CHOOSE && s->kind != STATEMENT_FOR && s->kind != STATEMENT_MODEL;
    if (defines && s->name == name) return s;
    const struct statement *inner = statement_defining(s->kind == STATEMENT_FOR ? s->body : NULL, name);
    for (const struct option *o = s->kind == STATEMENT_CHOOSE ? s->options : NULL; o && !inner; o = o->next)
      inner = statement_defining(o->body, name);
    if (inner) return inner;
  }
  return NULL;
}

static const char *const namespace_text[] = {"name", "function or distribution", "index"};
static const char *const unknown_code[] = {"E2001", "E2002", "E2003"};

static void error_own_definition(struct checker *c, const char *code, const struct statement *s, struct span span) {
  const bool value = s->kind == STATEMENT_DEFINE;
  diagnose(c->sink, code, span, "`%s` is used in its own definition", s->name)->fix =
      value ? "a value rests on what stands before it: in a loop, `for t in day[2..] { x[t] = f(x[t-1]) }`"
            : "there is no recursion: step over an index in the function's body, `for i in k { total := ... }`";
}

void error_unknown(struct checker *c, const struct scope *scope, enum namespace namespace, const char *name,
                   struct span span) {
  const struct statement *later = c->in_library ? NULL : statement_defining(c->tree->statements, name);
  if (later && later->span.file == span.file && later->span.begin < span.begin && span.begin < later->span.end) {
    error_own_definition(c, unknown_code[namespace], later, span);
    return;
  }
  if (later && later->span.begin > span.begin) {
    struct diagnostic *d = diagnose(c->sink, unknown_code[namespace], span, "`%s` is used before its definition", name);
    d->fix = "put the definition first: statements stand in the order in which the world comes into being";
    d->related = later->name_span;
    d->related_message = "it is defined here";
    return;
  }
  struct diagnostic *d =
      diagnose(c->sink, unknown_code[namespace], span, "unknown %s `%s`", namespace_text[namespace], name);
  const char *point = strrchr(name, '.'); /* `s.I`: the states of a system have names of their own */
  if (point && namespace == NAMESPACE_CALLABLE)
    d->fix =
        floe__arena_printf(c->arena, "what a module defines is there behind `use %.*s`", (int)(point - name), name);
  else
    d->fix = quoted_fix(c, nearest(c, scope, namespace, name));
  if (!d->fix && point && scope_find(scope, namespace, floe__name_of(c->names, point + 1)))
    d->fix = quoted_fix(c, point + 1);
  for (enum namespace other = NAMESPACE_VALUE; other <= NAMESPACE_INDEX && !d->fix; other++)
    if (other != namespace && scope_find(scope, other, name))
      d->fix = floe__arena_printf(c->arena, "`%s` is %s %s, which cannot stand here", name,
                                  other == NAMESPACE_INDEX ? "an" : "a", namespace_text[other]);
}
