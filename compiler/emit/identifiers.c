#include "compiler/emit/identifiers.h"

#include <string.h>

#include "base/arena.h"

/* A name in use. Names that were asked for but taken get a number: base_2, base_3, ... */
struct identifier {
  const char *name;
  struct identifier *bucket; /* the next of the same hash: older */
  struct identifier *base;   /* NULL: as it was asked for */
  size_t number, next;       /* next: the number that the next of this base tries first */
};

struct identifiers {
  struct floe__arena *arena;
  size_t n, capacity, n_bucket;
  struct identifier **names; /* in the order of entry */
  struct identifier **buckets;
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

/* ---- the table ---- */

static size_t hash_of(const char *name) {
  size_t hash = 5381;
  for (; *name; name++) hash = hash * 33 ^ (unsigned char)*name;
  return hash ^ hash >> 17;
}

static struct identifier *find(const struct identifiers *identifiers, const char *name) {
  struct identifier *identifier = identifiers->buckets[hash_of(name) % identifiers->n_bucket];
  while (identifier && strcmp(identifier->name, name) != 0) identifier = identifier->bucket;
  return identifier;
}

static void link_up(struct identifiers *identifiers, struct identifier *identifier) {
  struct identifier **bucket = &identifiers->buckets[hash_of(identifier->name) % identifiers->n_bucket];
  identifier->bucket = *bucket;
  *bucket = identifier;
}

static void grow(struct identifiers *identifiers) {
  size_t capacity = identifiers->capacity ? 2 * identifiers->capacity : 512;
  struct identifier **names = floe__arena_array(identifiers->arena, capacity, sizeof(struct identifier *));
  if (identifiers->n) memcpy(names, identifiers->names, identifiers->n * sizeof(struct identifier *));
  identifiers->names = names;
  identifiers->capacity = identifiers->n_bucket = capacity;
  identifiers->buckets = floe__arena_array(identifiers->arena, capacity, sizeof(struct identifier *));
  for (size_t k = 0; k < identifiers->n; k++) link_up(identifiers, names[k]);
}

static struct identifier *enter(struct identifiers *identifiers, const char *name) {
  if (identifiers->n == identifiers->capacity) grow(identifiers);
  struct identifier *identifier = floe__arena_alloc(identifiers->arena, sizeof *identifier);
  *identifier = (struct identifier){.name = name, .next = 2};
  link_up(identifiers, identifier);
  identifiers->names[identifiers->n++] = identifier;
  return identifier;
}

struct identifiers *identifiers_new(struct floe__arena *arena) {
  struct identifiers *identifiers = floe__arena_alloc(arena, sizeof *identifiers);
  identifiers->arena = arena;
  for (size_t k = 0; k < sizeof taken / sizeof *taken; k++) enter(identifiers, taken[k]);
  return identifiers;
}

void identifiers_reserve(struct identifiers *identifiers, const char *name) {
  enter(identifiers, name);
}

/* ---- spelling ---- */

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
  const char *name = spell(identifiers->arena, wanted);
  struct identifier *base = find(identifiers, name);
  if (!base) return enter(identifiers, name)->name;
  const char *form = ends_with(name, "_") ? "%s%zu" : "%s_%zu";
  size_t number = base->next;
  do name = floe__arena_printf(identifiers->arena, form, base->name, number++);
  while (find(identifiers, name));
  struct identifier *identifier = enter(identifiers, name);
  identifier->base = base;
  identifier->number = number - 1;
  base->next = number;
  return name;
}

/* ---- scopes ---- */

size_t identifiers_enter(const struct identifiers *identifiers) {
  return identifiers->n;
}

void identifiers_leave(struct identifiers *identifiers, size_t mark) {
  while (identifiers->n > mark) {
    struct identifier *last = identifiers->names[--identifiers->n];
    identifiers->buckets[hash_of(last->name) % identifiers->n_bucket] = last->bucket;
    if (last->base) last->base->next = last->number;
  }
}
