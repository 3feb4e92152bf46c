#include "compiler/emit/identifiers.h"

#include <string.h>

#include "base/arena.h"

struct identifiers {
  struct floe__arena *arena;
  size_t n, capacity;
  const char **names;
};

/* Keywords of C17 and C23, macros and types of the headers that generated files include, macros that compilers
 * predefine outside of strict modes, and functions of the C library that compilers know. */
static const char *const taken[] = {
    "alignas",
    "alignof",
    "asm",
    "auto",
    "bool",
    "break",
    "case",
    "char",
    "const",
    "constexpr",
    "continue",
    "default",
    "do",
    "double",
    "else",
    "enum",
    "extern",
    "false",
    "float",
    "for",
    "goto",
    "if",
    "inline",
    "int",
    "long",
    "nullptr",
    "register",
    "restrict",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "static_assert",
    "struct",
    "switch",
    "thread_local",
    "true",
    "typedef",
    "typeof",
    "typeof_unqual",
    "union",
    "unsigned",
    "void",
    "volatile",
    "while",
    "NULL",
    "NAN",
    "INFINITY",
    "linux",
    "unix",
    "i386",
    "errno",
    "main",
    "size_t",
    "offsetof",
    "abort",
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "copysign",
    "cos",
    "cosh",
    "erf",
    "erfc",
    "exit",
    "exp",
    "exp10",
    "exp2",
    "expm1",
    "fabs",
    "fdim",
    "floor",
    "fma",
    "fmax",
    "fmin",
    "fmod",
    "free",
    "frexp",
    "gamma",
    "hypot",
    "ilogb",
    "index",
    "isinf",
    "isnan",
    "j0",
    "j1",
    "jn",
    "labs",
    "ldexp",
    "lgamma",
    "llabs",
    "llrint",
    "llround",
    "log",
    "log10",
    "log1p",
    "log2",
    "logb",
    "lrint",
    "lround",
    "malloc",
    "memcpy",
    "memset",
    "modf",
    "nan",
    "nearbyint",
    "nextafter",
    "pow",
    "pow10",
    "printf",
    "puts",
    "remainder",
    "remquo",
    "rindex",
    "rint",
    "round",
    "scalb",
    "scalbln",
    "scalbn",
    "significand",
    "sin",
    "sincos",
    "sinh",
    "sqrt",
    "strlen",
    "tan",
    "tanh",
    "tgamma",
    "trunc",
    "y0",
    "y1",
    "yn",
    "calloc",
    "realloc",
    "drem",
    "finite",
    "signbit",
    "isnormal",
    "isfinite",
};

struct identifiers *identifiers_new(struct floe__arena *arena) {
  struct identifiers *identifiers = floe__arena_alloc(arena, sizeof *identifiers);
  identifiers->arena = arena;
  return identifiers;
}

void identifiers_reserve(struct identifiers *identifiers, const char *name) {
  if (identifiers->n == identifiers->capacity) {
    size_t capacity = identifiers->capacity ? 2 * identifiers->capacity : 64;
    const char **names = floe__arena_array(identifiers->arena, capacity, sizeof *names);
    if (identifiers->n) memcpy(names, identifiers->names, identifiers->n * sizeof *names);
    identifiers->names = names;
    identifiers->capacity = capacity;
  }
  identifiers->names[identifiers->n++] = name;
}

static bool is_taken(const struct identifiers *identifiers, const char *name) {
  for (size_t k = 0; k < sizeof taken / sizeof *taken; k++)
    if (!strcmp(taken[k], name)) return true;
  for (size_t k = identifiers->n; k-- > 0;)
    if (!strcmp(identifiers->names[k], name)) return true;
  return false;
}

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool ends_with(const char *text, const char *end) {
  size_t n = strlen(text), m = strlen(end);
  return n >= m && !strcmp(text + n - m, end);
}

/* Letters, digits and single underscores, starting with a letter; not in a name space that belongs to others: macros
 * are spelt in capitals, types end in _t, the runtime's names start with floe. */
static char *spell(struct floe__arena *arena, const char *wanted) {
  size_t n = strlen(wanted);
  if (n > 200) n = 200;
  char *name = floe__arena_alloc(arena, n + 8), *end = name;
  if (!n || !is_letter(wanted[0]) || !strncmp(wanted, "floe", 4) || !strncmp(wanted, "FLOE", 4))
    *end++ = 'x', *end++ = '_';
  for (size_t k = 0; k < n; k++) {
    char c = is_letter(wanted[k]) || is_digit(wanted[k]) ? wanted[k] : '_';
    if (c != '_' || end == name || end[-1] != '_') *end++ = c;
  }
  bool capitals = end - name > 2;
  for (const char *c = name; c < end; c++) capitals = capitals && !(*c >= 'a' && *c <= 'z');
  if (capitals || ends_with(name, "_t")) *end++ = '_', *end++ = 'x';
  return name;
}

const char *emit_identifier(struct identifiers *identifiers, const char *wanted) {
  const char *base = spell(identifiers->arena, wanted), *name = base;
  for (size_t k = 2; is_taken(identifiers, name); k++)
    name = floe__arena_printf(identifiers->arena, ends_with(base, "_") ? "%s%zu" : "%s_%zu", base, k);
  identifiers_reserve(identifiers, name);
  return name;
}

size_t identifiers_enter(const struct identifiers *identifiers) {
  return identifiers->n;
}
void identifiers_leave(struct identifiers *identifiers, size_t mark) {
  identifiers->n = mark;
}
