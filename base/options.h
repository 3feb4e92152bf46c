/* options.h: one table of verbs and options that makes the parser, --help, help --json, the man page and completion.
 * The tables are constants of the caller; an argument vector is parsed against them without copying its strings. */
#ifndef FLOE_BASE_OPTIONS_H
#define FLOE_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct floe__text;
struct json_t;

enum floe__option_kind {
  FLOE__FLAG,
  FLOE__STRING,
  FLOE__STRINGS, /* may be repeated */
  FLOE__INTEGER,
  FLOE__NUMBER
};

struct floe__option {
  const char *name;     /* without the dashes */
  const char *argument; /* what --help calls its value, e.g. "N"; NULL for flags */
  const char *help;     /* a line without a full stop */
  enum floe__option_kind kind;
  char letter;          /* short form, 'o' for -o; 0: none */
  double low, high;     /* inclusive bounds of INTEGER and NUMBER; both 0: none */
  const char *choices;  /* values that a STRING may take, separated by '|'; NULL: any */
};

/* `arguments` names the positional arguments, one word each: "SPEC [DATA]"; [X] is optional, X... one or more, [X...]
 * any number. It is also what the parser counts against. */
struct floe__verb {
  const char *name, *arguments, *summary;
  const struct floe__option *options; /* ended by {0}; NULL: only the shared ones */
};

struct floe__command {
  const char *name, *summary, *version;
  const struct floe__verb *verbs;      /* ended by {0} */
  const struct floe__option *shared;   /* options that every verb takes, ended by {0} */
};

/* --seed, --threads, --json, --quiet, --output, --only, --set, --pin, --at, --budget, --dry-run, --help; ended by {0}. */
extern const struct floe__option floe__shared_options[];

struct floe__given {
  const struct floe__option *option;
  const char *text;  /* the value as given; NULL for flags */
  long long integer; /* INTEGER */
  double number;     /* INTEGER, NUMBER */
};

struct floe__arguments {
  const struct floe__verb *verb;
  size_t n_positional, n_given;
  const char **positional;      /* (n_positional) */
  struct floe__given *given;    /* (n_given) in the order of the command line */
};

const struct floe__verb *floe__verb_find(const struct floe__command *command, const char *name);

/* argv[0] is the program, argv[1] the verb. FLOE_EUSAGE says which word is wrong, what was expected and what comes near.
 * With --help among the options the positional arguments are not counted. Free the result also after an error. */
FLOE_NODISCARD floe_status floe__options_parse(const struct floe__command *command, int argc, char **argv,
                                               struct floe__arguments *result, struct floe_error *error);
void floe__arguments_free(struct floe__arguments *arguments);

/* Lookup by long name. The last occurrence counts. */
bool floe__option_given(const struct floe__arguments *arguments, const char *name);
const char *floe__option_string(const struct floe__arguments *arguments, const char *name, const char *otherwise);
long long floe__option_integer(const struct floe__arguments *arguments, const char *name, long long otherwise);
double floe__option_number(const struct floe__arguments *arguments, const char *name, double otherwise);

/* The k-th value of a repeatable option, NULL behind the last. */
const char *floe__option_repeated(const struct floe__arguments *arguments, const char *name, size_t k);

/* The same table as text. verb == NULL: the overview. */
void floe__help(const struct floe__command *command, const struct floe__verb *verb, struct floe__text *out);
struct json_t *floe__help_json(const struct floe__command *command);
void floe__completion_bash(const struct floe__command *command, struct floe__text *out);
void floe__man_page(const struct floe__command *command, struct floe__text *out); /* troff, section 1 */

/* The nearest of n words by edit distance if it is near enough to be a slip of the finger, else NULL. */
const char *floe__nearest(const char *word, const char *const *candidates, size_t n);

#endif
