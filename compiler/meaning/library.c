/* fun, extern, and the files of the standard library. */
#include "compiler/meaning/checker.h"

#include <ctype.h>
#include <string.h>

#define MAX_FORMALS 16

static const char *const language_names[] = {"sum", "prod", "max", "min", "all", "any", "size"};

/* ---- errors ---- */

static bool error_language_name(struct checker *c, const struct statement *s) {
  for (size_t k = 0; k < sizeof language_names / sizeof *language_names; k++) {
    if (strcmp(s->name, language_names[k]) != 0) continue;
    struct diagnostic *d = diagnose(c->sink, "E2004", s->name_span, "`%s` is part of the language", s->name);
    d->fix = "give it another name";
    return true;
  }
  return false;
}

static void error_not_constant(struct checker *c, const struct statement *s) {
  diagnose(c->sink, "E2037", s->span, "the library defines constants only, and `%s` is none", s->name)->fix =
      "make it a function";
}

static void error_result_kind(struct checker *c, struct span span, const char *name, enum base declared,
                              enum base given) {
  struct diagnostic *d = diagnose(c->sink, "E2020", span, "the result of `%s` is declared as %s, but is %s", name,
                                  base_text(declared), base_text(given));
  d->fix = declared == BASE_INT ? "use floor, ceil or round" : "change the declared type";
}

static void error_derivatives(struct checker *c, struct span span, size_t given, size_t wanted) {
  struct diagnostic *d = diagnose(c->sink, "E2032", span, "%zu derivative%s for %zu argument%s", given,
                                  given == 1 ? "" : "s", wanted, wanted == 1 ? "" : "s");
  d->fix = "give one expression per argument: derivative (a, b)";
}

static void error_symbol(struct checker *c, struct span span, const char *symbol) {
  diagnose(c->sink, "E2032", span, "`%s` is no C identifier", symbol)->fix = "for example: as \"my_function\"";
}

/* ---- formals ---- */

const struct dimension *formal_dimension(struct checker *c, const struct context *at, const struct expr *index) {
  const struct expr *named = index->kind == EXPR_WITHIN ? index->right : index;
  if (named->kind != EXPR_NAME) return NULL;
  struct symbol *symbol = scope_find_here(at->scope, NAMESPACE_INDEX, named->name);
  if (symbol) return symbol->dimension;
  struct dimension *d = floe__arena_alloc(c->arena, sizeof *d);
  *d = (struct dimension){.name = named->name, .span = named->span, .low = 1, .high = SIZE_MAX, .formal = true};
  symbol = scope_add(c, at->scope, SYMBOL_INDEX, named->name, named->span, c->everywhere);
  if (symbol) symbol->dimension = d;
  return d;
}

/* New names of sizes: the arguments say them. */
void new_sizes(struct checker *c, const struct context *at, const struct type_expr *type) {
  for (const struct expr *size = type->sizes; size; size = size->next)
    if (size->kind == EXPR_NAME && !scope_find(at->scope, NAMESPACE_INDEX, size->name)) formal_dimension(c, at, size);
}

/* Its type may rest on the other formals. */
static void type_formal(struct checker *c, const struct context *at, const struct parameter *p, struct formal *formal) {
  const struct dimension *dims[8];
  struct type type = {.base = BASE_REAL};
  size_t n = 0;
  for (const struct expr *index = p->indices; index && n < 8; index = index->next) {
    dims[n] = formal_dimension(c, at, index);
    n += dims[n] != NULL;
  }
  if (p->type) new_sizes(c, at, p->type);
  if (p->type && !type_of(c, at, p->type, &type)) type = (struct type){.base = BASE_REAL};
  for (size_t k = 0; k < type.n_dim && n < 8; k++) dims[n++] = type.dim[k];
  formal->type = type_array(c, type, n, dims);
}

static struct formal *formal_of(struct checker *c, const struct context *at, const struct parameter *p) {
  struct formal *formal = floe__arena_alloc(c->arena, sizeof *formal);
  *formal = (struct formal){p->name, type_scalar(BASE_REAL)};
  struct symbol *symbol = scope_add(c, at->scope, SYMBOL_FORMAL, p->name, p->span, c->everywhere);
  if (!symbol) return formal;
  symbol->formal = formal;
  symbol->local = true;
  return formal;
}

size_t formals_of(struct checker *c, const struct context *at, const struct parameter *parameters,
                  const struct formal ***formals) {
  struct formal *made[MAX_FORMALS];
  size_t n = 0;
  *formals = floe__arena_array(c->arena, MAX_FORMALS, sizeof **formals);
  for (const struct parameter *p = parameters; p; p = p->next) {
    if (n == MAX_FORMALS) {
      error_limit(c, p->span, "the arguments of a function are", MAX_FORMALS);
      break;
    }
    made[n] = formal_of(c, at, p);
    (*formals)[n] = made[n];
    n++;
  }
  for (size_t k = 0; k < n; k++, parameters = parameters->next) type_formal(c, at, parameters, made[k]);
  return n;
}

static struct context closed_context(struct checker *c, const struct context *at) {
  return (struct context){.scope = scope_new(c, at->scope, 16), .presence = c->everywhere, .place = PLACE_FUNCTION};
}

/* ---- functions ---- */

const struct term *body_of(struct checker *c, const struct context *at, const struct statement *body) {
  for (const struct statement *s = body; s; s = s->next) {
    if (s->kind == STATEMENT_RESULT) return array_of(c, at, s->value);
    if (s->kind == STATEMENT_DEFINE)
      check_define(c, at, s);
    else
      check_local(c, at, s);
  }
  return c->poison;
}

struct symbol *callable_add(struct checker *c, const struct context *at, enum symbol_kind kind,
                            const struct statement *s) {
  if (error_language_name(c, s)) return NULL;
  return scope_add(c, at->scope, kind, s->name, s->name_span, c->everywhere);
}

static void declared_result(struct checker *c, const struct context *inner, const struct statement *s,
                            struct function *function) {
  struct type type;
  enum base given = function->value->type.base;
  if (!type_of(c, inner, s->type, &type)) return;
  bool fits = type.base == given || type.base == BASE_REAL || (type.base == BASE_INT && given == BASE_CODE) ||
              (type.base == BASE_CODE && given == BASE_INT);
  if (!fits || type.n_dim != function->value->type.n_dim)
    error_result_kind(c, s->type->span, s->name, type.base, given);
  else
    function->type = type;
}

void check_fun(struct checker *c, const struct context *at, const struct statement *s) {
  struct context inner = closed_context(c, at);
  struct function *function = floe__arena_alloc(c->arena, sizeof *function);
  function->name = s->name;
  function->span = s->name_span;
  function->n_formal = formals_of(c, &inner, s->parameters, &function->formals);
  function->value = s->value ? array_of(c, &inner, s->value) : body_of(c, &inner, s->body);
  bool sound = !is_poison(c, function->value);
  if (sound && function->value->type.base == BASE_DISTRIBUTION) {
    diagnose(c->sink, "E2017", s->span, "a function gives no distribution")->fix = "define a `dist`";
    sound = false;
  }
  function->type = function->value->type;
  function->type.low = function->type.high = NULL;
  sound = sound && function_inlineable(c, function, function->value, s->span);
  if (sound && s->type) declared_result(c, &inner, s, function);
  struct symbol *symbol = callable_add(c, at, SYMBOL_FUNCTION, s);
  if (!symbol || !sound) return;
  symbol->function = function;
  list_add(c->arena, &c->functions, function);
}

/* ---- externs ---- */

static bool is_identifier(const char *text) {
  if (!isalpha((unsigned char)*text) && *text != '_') return false;
  for (; *text; text++)
    if (!isalnum((unsigned char)*text) && *text != '_') return false;
  return true;
}

struct symbol *check_extern_signature(struct checker *c, const struct context *at, const struct statement *s) {
  struct context inner = closed_context(c, at);
  struct external *external = floe__arena_alloc(c->arena, sizeof *external);
  external->name = s->name;
  external->symbol = s->text ? s->text : s->name;
  external->span = s->name_span;
  external->random = s->random;
  external->adjoint = s->adjoint;
  external->type = type_scalar(BASE_REAL);
  if (!is_identifier(external->symbol)) error_symbol(c, s->span, external->symbol);
  if (external->adjoint && !is_identifier(external->adjoint)) error_symbol(c, s->span, external->adjoint);
  external->n_formal = formals_of(c, &inner, s->parameters, &external->formals);
  if (s->type && !type_of(c, &inner, s->type, &external->type)) return NULL;
  struct symbol *symbol = callable_add(c, at, SYMBOL_EXTERN, s);
  if (!symbol) return NULL;
  symbol->external = external;
  symbol->inner = inner.scope;
  list_add(c->arena, &c->externals, external);
  return symbol;
}

void check_extern_derivative(struct checker *c, const struct context *at, const struct statement *s,
                             struct symbol *symbol) {
  struct context inner = {.scope = symbol->inner, .presence = at->presence, .place = PLACE_FUNCTION};
  struct external *external = symbol->external;
  size_t n = 0;
  if (!s->value) return;
  const struct expr *first = s->value->kind == EXPR_TUPLE ? s->value->items : s->value;
  for (const struct expr *e = first; e; e = e->next) n++;
  if (n != external->n_formal) {
    error_derivatives(c, s->value->span, n, external->n_formal);
    return;
  }
  external->derivative = floe__arena_array(c->arena, n + 1, sizeof *external->derivative);
  n = 0;
  for (const struct expr *e = first; e; e = e->next) external->derivative[n++] = number_of(c, &inner, e);
}

/* ---- the library ---- */

static void check_constant(struct checker *c, const struct context *at, const struct statement *s) {
  double value;
  const struct term *term = number_of(c, at, s->value);
  if (is_poison(c, term)) return;
  if (s->indices || !constant_value(term, NULL, &value)) {
    error_not_constant(c, s);
    return;
  }
  struct symbol *symbol = scope_add(c, at->scope, SYMBOL_CONSTANT, s->name, s->name_span, c->everywhere);
  if (symbol) symbol->term = term_number(c, s->span, value);
}

/* Externs and distributions may refer to later ones of the same file: signatures come first, insides last. */
void check_library(struct checker *c, const struct tree *tree) {
  struct context at = {.scope = c->library, .presence = c->everywhere, .place = PLACE_LIBRARY};
  struct list symbols = {0};
  size_t k = 0;
  for (const struct statement *s = tree->statements; s; s = s->next) {
    struct symbol *symbol = NULL;
    if (s->kind == STATEMENT_EXTERN) symbol = check_extern_signature(c, &at, s);
    if (s->kind == STATEMENT_DIST) symbol = check_dist_signature(c, &at, s);
    list_add(c->arena, &symbols, symbol);
  }
  for (const struct statement *s = tree->statements; s; s = s->next) {
    if (s->kind == STATEMENT_DEFINE) check_constant(c, &at, s);
    if (s->kind == STATEMENT_FUN) check_fun(c, &at, s);
  }
  for (const struct statement *s = tree->statements; s; s = s->next, k++) {
    if (symbols.items[k] && s->kind == STATEMENT_EXTERN) check_extern_derivative(c, &at, s, symbols.items[k]);
    if (symbols.items[k] && s->kind == STATEMENT_DIST) check_dist_methods(c, s, symbols.items[k]);
  }
}

/* ---- sizes ---- */

size_t formal_sizes(const struct external *external, const struct dimension **sizes) {
  size_t n = 0;
  for (size_t k = 0; k < external->n_formal; k++) {
    const struct type *type = &external->formals[k]->type;
    for (size_t d = 0; d < type->n_dim; d++) {
      bool known = !type->dim[d]->formal;
      for (size_t i = 0; i < n; i++) known = known || sizes[i] == type->dim[d];
      if (!known && n < MAX_FORMAL_SIZES) sizes[n++] = type->dim[d];
    }
  }
  return n;
}

void place_of_size(const struct external *external, const struct dimension *size, size_t *argument, size_t *dimension) {
  for (*argument = 0; *argument < external->n_formal; ++*argument) {
    const struct type *type = &external->formals[*argument]->type;
    for (*dimension = 0; *dimension < type->n_dim; ++*dimension)
      if (type->dim[*dimension] == size) return;
  }
}
