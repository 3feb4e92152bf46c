#include <string.h>

#include "base/arena.h"
#include "compiler/emit/writer.h"

/* Whether the symbol is new; then it counts as declared. */
static bool begin(struct writer *w, const char *symbol) {
  struct prototypes *p = &w->prototypes;
  for (size_t k = 0; k < p->n; k++)
    if (!strcmp(p->symbols[k], symbol)) return false;
  if (p->n == p->capacity) {
    size_t capacity = p->capacity ? 2 * p->capacity : 32;
    const char **symbols = floe__arena_array(w->arena, capacity, sizeof *symbols);
    if (p->n) memcpy(symbols, p->symbols, p->n * sizeof *symbols);
    p->symbols = symbols;
    p->capacity = capacity;
  }
  p->symbols[p->n++] = symbol;
  return true;
}

/* Functions of numbers depend on nothing else: the C compiler may move and merge their calls. */
void declare_scalar(struct writer *w, const char *symbol, size_t n_arg) {
  if (!begin(w, symbol)) return;
  floe__text_printf(&w->prototypes.text, "double %s(", symbol);
  for (size_t k = 0; k < n_arg; k++) floe__text_puts(&w->prototypes.text, k ? ", double" : "double");
  floe__text_puts(&w->prototypes.text, n_arg ? ") __attribute__((const));\n" : "void);\n");
}

void declare_each(struct writer *w, const char *symbol, size_t n_arg) {
  struct floe__text *out = &w->each;
  const char *name = floe__arena_printf(w->arena, "floe_each_%s", symbol);
  if (!begin(w, name)) return;
  floe__text_printf(out, "static __attribute__((noinline)) floe_pack %s(", name);
  for (size_t k = 0; k < n_arg; k++) floe__text_printf(out, "%sfloe_pack x_%zu", k ? ", " : "", k + 1);
  floe__text_puts(out, ") {\n  floe_pack result = {0};\n  for (size_t k = 0; k < FLOE_PACK; k++) result[k] = ");
  floe__text_printf(out, "%s(", symbol);
  for (size_t k = 0; k < n_arg; k++) floe__text_printf(out, "%sx_%zu[k]", k ? ", " : "", k + 1);
  floe__text_puts(out, ");\n  return result;\n}\n\n");
}

static const char *separator(size_t *n) {
  return (*n)++ ? ", " : "";
}

static void formals(struct writer *w, const struct external *external, size_t *n) {
  struct floe__text *out = &w->prototypes.text;
  const struct dimension *sizes[MAX_FORMAL_SIZES];
  size_t n_size = formal_sizes(external, sizes);
  for (size_t k = 0; k < n_size; k++) floe__text_printf(out, "%ssize_t", separator(n));
  for (size_t k = 0; k < external->n_formal; k++)
    floe__text_printf(out, "%s%s", separator(n), external->formals[k]->type.n_dim ? "const double *" : "double");
}

void declare_external(struct writer *w, const struct external *external) {
  bool scalar = !external->random && !external->type.n_dim;
  for (size_t k = 0; k < external->n_formal; k++) scalar = scalar && !external->formals[k]->type.n_dim;
  if (scalar) {
    declare_scalar(w, external->symbol, external->n_formal);
    return;
  }
  if (!begin(w, external->symbol)) return;
  if (external->system) {
    write_system(w, external);
    return;
  }
  if (external->simulator && external->simulator->body) {
    write_simulator(w, external);
    return;
  }
  size_t n = 0;
  struct floe__text *out = &w->prototypes.text;
  floe__text_printf(out, "%s %s(", external->type.n_dim ? "void" : "double", external->symbol);
  if (external->random) floe__text_printf(out, "%sstruct floe_stream *", separator(&n));
  formals(w, external, &n);
  if (external->type.n_dim) floe__text_printf(out, "%sdouble *", separator(&n));
  floe__text_puts(out, ");\n");
}

void declare_adjoint(struct writer *w, const struct external *external) {
  if (external->system) declare_external(w, external);
  if (!begin(w, external->adjoint)) return;
  if (external->system) {
    write_system_adjoint(w, external);
    return;
  }
  size_t n = 0;
  struct floe__text *out = &w->prototypes.text;
  const char *result = external->type.n_dim ? "const double *" : "double";
  floe__text_printf(out, "void %s(", external->adjoint);
  formals(w, external, &n);
  floe__text_printf(out, "%s%s, %s", separator(&n), result, result);
  for (size_t k = 0; k < external->n_formal; k++) floe__text_puts(out, ", double *");
  floe__text_puts(out, ");\n");
}

void declare_system_of_packs(struct writer *w, const struct external *external) {
  if (begin(w, floe__arena_printf(w->arena, "%s_in_packs", external->symbol))) write_system_of_packs(w, external);
}
