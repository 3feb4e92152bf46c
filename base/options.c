#include "base/options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define WORD_MAX ((size_t)64)

const struct floe__option floe__shared_options[] = {
    {.name = "output", .argument = "PATH", .help = "write to this file or folder", .kind = FLOE__STRING, .letter = 'o'},
    {.name = "seed", .argument = "N", .help = "seed of every random number (default 1)", .kind = FLOE__INTEGER, .high = 9007199254740991.0},
    {.name = "threads", .argument = "N", .help = "threads to use (default: all processors)", .kind = FLOE__INTEGER, .low = 1, .high = 4096},
    {.name = "only", .argument = "AXIS=OPTION", .help = "keep only universes with this option", .kind = FLOE__STRINGS},
    {.name = "set", .argument = "STATEMENT", .help = "replace a statement of the spec, e.g. 'tau ~ half_normal(2)'", .kind = FLOE__STRINGS},
    {.name = "pin", .argument = "NAME=VALUE", .help = "fix a parameter at a value", .kind = FLOE__STRINGS},
    {.name = "allow-extern", .help = "let the spec call C functions that come with it", .kind = FLOE__FLAG},
    {.name = "allow", .argument = "CODE", .help = "do not show the lints of this code, e.g. W2003", .kind = FLOE__STRINGS},
    {.name = "at", .argument = "AXIS=VALUE", .help = "set a continuous axis to a value", .kind = FLOE__STRINGS},
    {.name = "budget", .argument = "TIME", .help = "stop after this long, e.g. 90s, 10m, 2h", .kind = FLOE__STRING},
    {.name = "dry-run", .help = "say what would be done, and do nothing", .kind = FLOE__FLAG},
    {.name = "json", .help = "print one JSON object on stdout", .kind = FLOE__FLAG},
    {.name = "quiet", .help = "no progress and no remarks", .kind = FLOE__FLAG, .letter = 'q'},
    {.name = "help", .help = "say what the verb does and which options it takes", .kind = FLOE__FLAG, .letter = 'h'},
    {0},
};

/* ---- suggestions ---- */

static size_t smallest(size_t a, size_t b, size_t c) {
  size_t least = a < b ? a : b;
  return least < c ? least : c;
}

/* Levenshtein distance of two words of fewer than WORD_MAX bytes. */
static size_t edit_distance(const char *a, const char *b) {
  size_t row[WORD_MAX + 1], n = strlen(b);
  for (size_t j = 0; j <= n; j++) row[j] = j;
  for (size_t i = 0; a[i]; i++) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < n; j++) {
      size_t above = row[j + 1];
      row[j + 1] = smallest(above + 1, row[j] + 1, diagonal + (a[i] != b[j]));
      diagonal = above;
    }
  }
  return row[n];
}

const char *floe__nearest(const char *word, const char *const *candidates, size_t n) {
  size_t length = strlen(word), least = length < 3 ? 2 : length < 6 ? 3 : 4; /* exclusive */
  const char *nearest = NULL;
  if (length >= WORD_MAX) return NULL;
  for (size_t k = 0; k < n; k++) {
    if (strlen(candidates[k]) >= WORD_MAX) continue;
    size_t distance = edit_distance(word, candidates[k]);
    if (distance < least) {
      least = distance;
      nearest = candidates[k];
    }
  }
  return nearest;
}

/* ---- tables ---- */

const struct floe__verb *floe__verb_find(const struct floe__command *command, const char *name) {
  for (const struct floe__verb *verb = command->verbs; verb->name; verb++) {
    if (!strcmp(verb->name, name)) return verb;
  }
  return NULL;
}

static bool matches(const struct floe__option *option, const char *name, size_t length, char letter) {
  if (letter) return option->letter == letter;
  return strlen(option->name) == length && !strncmp(option->name, name, length);
}

static const struct floe__option *find_in(const struct floe__option *options, const char *name, size_t length, char letter) {
  for (; options && options->name; options++) {
    if (matches(options, name, length, letter)) return options;
  }
  return NULL;
}

/* A verb's own options come first: it may give a shared one another meaning. */
static const struct floe__option *find_option(const struct floe__command *command, const struct floe__verb *verb,
                                              const char *name, size_t length, char letter) {
  const struct floe__option *own = find_in(verb->options, name, length, letter);
  return own ? own : find_in(command->shared, name, length, letter);
}

/* ---- errors, one constructor each ---- */

static floe_status unknown_verb(const struct floe__command *command, const char *name, struct floe_error *error) {
  const char *names[128], *nearest;
  size_t n = 0;
  for (const struct floe__verb *verb = command->verbs; verb->name && n < 128; verb++) names[n++] = verb->name;
  nearest = floe__nearest(name, names, n);
  char fix[128];
  if (nearest) {
    snprintf(fix, sizeof fix, "did you mean `%s`?", nearest);
  } else {
    snprintf(fix, sizeof fix, "`%s help` lists the verbs", command->name);
  }
  return floe__fail(error, FLOE_EUSAGE, "", fix, "`%.60s` is not a verb of %s", name, command->name);
}

static floe_status unknown_option(const struct floe__command *command, const struct floe__verb *verb, const char *word,
                                  struct floe_error *error) {
  const char *names[128];
  char name[WORD_MAX], fix[160];
  size_t n = 0;
  for (const struct floe__option *option = verb->options; option && option->name && n < 64; option++) names[n++] = option->name;
  for (const struct floe__option *option = command->shared; option && option->name && n < 128; option++) names[n++] = option->name;
  size_t dashes = strspn(word, "-"), length = strcspn(word + dashes, "=");
  snprintf(name, sizeof name, "%.*s", (int)(length < WORD_MAX ? length : WORD_MAX - 1), word + dashes);
  const char *nearest = floe__nearest(name, names, n);
  if (nearest) {
    snprintf(fix, sizeof fix, "did you mean `--%s`?", nearest);
  } else {
    snprintf(fix, sizeof fix, "`%s %s --help` lists the options", command->name, verb->name);
  }
  return floe__fail(error, FLOE_EUSAGE, "", fix, "`%s` does not take the option `%.60s`", verb->name, word);
}

static floe_status bad_value(const struct floe__option *option, const char *value, struct floe_error *error) {
  char expected[128];
  const char *kind = option->kind == FLOE__INTEGER ? "a whole number" : "a number";
  if (option->low != 0 || option->high != 0) {
    snprintf(expected, sizeof expected, "%s from %.15g to %.15g", kind, option->low, option->high);
  } else {
    snprintf(expected, sizeof expected, "%s", kind);
  }
  return floe__fail(error, FLOE_EUSAGE, "", "", "`--%s` needs %s, not `%.60s`", option->name, expected, value);
}

static floe_status bad_choice(const struct floe__option *option, const char *value, struct floe_error *error) {
  return floe__fail(error, FLOE_EUSAGE, "", "", "`--%s` needs one of %s, not `%.60s`", option->name, option->choices, value);
}

/* ---- values ---- */

static bool among(const char *choices, const char *value) {
  size_t length = strlen(value);
  for (const char *choice = choices;; choice++) {
    size_t n = strcspn(choice, "|");
    if (n == length && !strncmp(choice, value, n)) return true;
    choice += n;
    if (!*choice) return false;
  }
}

static bool in_bounds(const struct floe__option *option, double number) {
  return (option->low == 0 && option->high == 0) || (number >= option->low && number <= option->high);
}

static floe_status read_value(struct floe__given *given, struct floe_error *error) {
  const struct floe__option *option = given->option;
  char *end = NULL;
  errno = 0;
  switch (option->kind) {
    case FLOE__FLAG: return FLOE_OK;
    case FLOE__STRING:
    case FLOE__STRINGS:
      if (option->choices && !among(option->choices, given->text)) return bad_choice(option, given->text, error);
      return FLOE_OK;
    case FLOE__INTEGER:
      given->integer = strtoll(given->text, &end, 10);
      given->number = (double)given->integer;
      break;
    case FLOE__NUMBER: given->number = strtod(given->text, &end); break;
  }
  if (end == given->text || *end || errno || !isfinite(given->number) || !in_bounds(option, given->number)) {
    return bad_value(option, given->text, error);
  }
  return FLOE_OK;
}

/* ---- positional arguments ---- */

/* The k-th word of "SPEC [DATA]" without brackets and dots, and how many words may be left out or repeated. */
struct shape { size_t required, most; };

static struct shape shape_of(const char *arguments) {
  struct shape shape = {0, 0};
  for (const char *word = arguments; *word;) {
    size_t length = strcspn(word, " ");
    bool repeated = length >= 3 && memmem(word, length, "...", 3);
    if (*word != '[') shape.required++;
    shape.most = repeated || shape.most == (size_t)-1 ? (size_t)-1 : shape.most + 1;
    word += length;
    word += strspn(word, " ");
  }
  return shape;
}

static floe_status check_count(const struct floe__command *command, const struct floe__arguments *result,
                               struct floe_error *error) {
  const struct floe__verb *verb = result->verb;
  struct shape shape = shape_of(verb->arguments);
  char usage[200];
  snprintf(usage, sizeof usage, "usage: %s %s %s", command->name, verb->name, verb->arguments);
  if (result->n_positional < shape.required) {
    const char *missing = verb->arguments;
    for (size_t k = 0; k < result->n_positional; k++) missing += strcspn(missing, " ") + 1;
    return floe__fail(error, FLOE_EUSAGE, "", usage, "`%s` needs %.*s", verb->name, (int)strcspn(missing, " "), missing);
  }
  if (result->n_positional > shape.most) {
    return floe__fail(error, FLOE_EUSAGE, "", usage, "`%s` does not know what to do with `%.60s`", verb->name,
                      result->positional[shape.most]);
  }
  return FLOE_OK;
}

/* ---- the parser ---- */

struct parser {
  const struct floe__command *command;
  int argc, at;
  char **argv;
  struct floe__arguments *result;
  struct floe_error *error;
};

/* The value of an option: behind its `=` or letter, else the next word. */
static floe_status take_option(struct parser *parser, const struct floe__option *option, const char *attached) {
  struct floe__given *given = &parser->result->given[parser->result->n_given++];
  *given = (struct floe__given){.option = option, .text = attached};
  if (option->kind == FLOE__FLAG) {
    if (!attached) return FLOE_OK;
    return floe__fail(parser->error, FLOE_EUSAGE, "", "", "`--%s` takes no value", option->name);
  }
  if (!attached) {
    const char *next = parser->at + 1 < parser->argc ? parser->argv[parser->at + 1] : NULL;
    if (!next || !strncmp(next, "--", 2)) {
      return floe__fail(parser->error, FLOE_EUSAGE, "", "", "`--%s` needs a value: --%s %s", option->name, option->name,
                        option->argument ? option->argument : "VALUE");
    }
    given->text = next;
    parser->at++;
  }
  return read_value(given, parser->error);
}

static floe_status take_word(struct parser *parser) {
  const char *word = parser->argv[parser->at];
  const struct floe__option *option;
  const struct floe__verb *verb = parser->result->verb;
  if (word[0] != '-' || !word[1]) {
    parser->result->positional[parser->result->n_positional++] = word;
    return FLOE_OK;
  }
  if (word[1] == '-') {
    size_t length = strcspn(word + 2, "=");
    option = find_option(parser->command, verb, word + 2, length, 0);
    if (!option) return unknown_option(parser->command, verb, word, parser->error);
    return take_option(parser, option, word[2 + length] ? word + 3 + length : NULL);
  }
  option = find_option(parser->command, verb, NULL, 0, word[1]);
  if (!option) return unknown_option(parser->command, verb, word, parser->error);
  return take_option(parser, option, word[2] ? word + 2 : NULL);
}

floe_status floe__options_parse(const struct floe__command *command, int argc, char **argv,
                                struct floe__arguments *result, struct floe_error *error) {
  *result = (struct floe__arguments){0};
  if (argc < 2) {
    char fix[128];
    snprintf(fix, sizeof fix, "`%s help` lists the verbs", command->name);
    return floe__fail(error, FLOE_EUSAGE, "", fix, "a verb is missing");
  }
  result->verb = floe__verb_find(command, argv[1]);
  if (!result->verb) return unknown_verb(command, argv[1], error);
  result->positional = FLOE__NEW((size_t)argc, const char *);
  result->given = FLOE__NEW((size_t)argc, struct floe__given);
  if (!result->positional || !result->given) return floe__fail(error, FLOE_EENVIRONMENT, "", "", "not enough memory");
  struct parser parser = {command, argc, 2, argv, result, error};
  bool only_words = false;
  for (; parser.at < argc; parser.at++) {
    if (!only_words && !strcmp(argv[parser.at], "--")) {
      only_words = true;
    } else if (only_words) {
      result->positional[result->n_positional++] = argv[parser.at];
    } else {
      floe_status status = take_word(&parser);
      if (status) return status;
    }
  }
  return floe__option_given(result, "help") ? FLOE_OK : check_count(command, result, error);
}

void floe__arguments_free(struct floe__arguments *arguments) {
  floe__free(arguments->positional);
  floe__free(arguments->given);
  *arguments = (struct floe__arguments){0};
}

/* ---- lookup ---- */

static const struct floe__given *last_given(const struct floe__arguments *arguments, const char *name) {
  for (size_t k = arguments->n_given; k-- > 0;) {
    if (!strcmp(arguments->given[k].option->name, name)) return &arguments->given[k];
  }
  return NULL;
}

bool floe__option_given(const struct floe__arguments *arguments, const char *name) {
  return last_given(arguments, name) != NULL;
}

const char *floe__option_string(const struct floe__arguments *arguments, const char *name, const char *otherwise) {
  const struct floe__given *given = last_given(arguments, name);
  return given ? given->text : otherwise;
}

long long floe__option_integer(const struct floe__arguments *arguments, const char *name, long long otherwise) {
  const struct floe__given *given = last_given(arguments, name);
  return given ? given->integer : otherwise;
}

double floe__option_number(const struct floe__arguments *arguments, const char *name, double otherwise) {
  const struct floe__given *given = last_given(arguments, name);
  return given ? given->number : otherwise;
}

const char *floe__option_repeated(const struct floe__arguments *arguments, const char *name, size_t k) {
  for (size_t at = 0; at < arguments->n_given; at++) {
    if (!strcmp(arguments->given[at].option->name, name) && k-- == 0) return arguments->given[at].text;
  }
  return NULL;
}
