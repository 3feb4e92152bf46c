/* The option table as text: help, JSON, a man page, shell completion. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "base/text.h"

#define OPTION_COLUMN 26

/* ---- help ---- */

static void help_option(const struct floe__option *option, struct floe__text *out) {
  char left[80], letter[8] = "    ";
  if (option->letter) snprintf(letter, sizeof letter, "-%c, ", option->letter);
  snprintf(left, sizeof left, "%s--%s%s%s", letter, option->name, option->argument ? " " : "",
           option->argument ? option->argument : "");
  floe__text_printf(out, "  %-*s %s", OPTION_COLUMN, left, option->help);
  if (option->choices) floe__text_printf(out, " (%s)", option->choices);
  if (option->kind == FLOE__STRINGS) floe__text_puts(out, "; may be repeated");
  floe__text_puts(out, "\n");
}

static bool overridden(const struct floe__verb *verb, const struct floe__option *shared) {
  for (const struct floe__option *own = verb->options; own && own->name; own++) {
    if (!strcmp(own->name, shared->name)) return true;
  }
  return false;
}

static void help_verb(const struct floe__command *command, const struct floe__verb *verb, struct floe__text *out) {
  floe__text_printf(out, "%s %s%s%s: %s\n", command->name, verb->name, *verb->arguments ? " " : "", verb->arguments,
                    verb->summary);
  if (verb->options && verb->options->name) floe__text_puts(out, "\nOptions:\n");
  for (const struct floe__option *option = verb->options; option && option->name; option++) help_option(option, out);
  floe__text_puts(out, "\nOptions of every verb:\n");
  for (const struct floe__option *option = command->shared; option && option->name; option++) {
    if (!overridden(verb, option)) help_option(option, out);
  }
}

void floe__help(const struct floe__command *command, const struct floe__verb *verb, struct floe__text *out) {
  if (verb) {
    help_verb(command, verb, out);
    return;
  }
  floe__text_printf(out, "%s %s: %s\n\nUsage: %s VERB [ARGUMENTS] [OPTIONS]\n\n", command->name, command->version,
                    command->summary, command->name);
  for (verb = command->verbs; verb->name; verb++) {
    char left[80];
    snprintf(left, sizeof left, "%s%s%s", verb->name, *verb->arguments ? " " : "", verb->arguments);
    floe__text_printf(out, "  %-*s %s\n", OPTION_COLUMN, left, verb->summary);
  }
  floe__text_printf(out, "\n`%s VERB --help` lists the options of a verb.\n", command->name);
}

/* ---- JSON ---- */

static const char *kind_name(enum floe__option_kind kind) {
  switch (kind) {
    case FLOE__FLAG: return "flag";
    case FLOE__STRING: return "string";
    case FLOE__STRINGS: return "strings";
    case FLOE__INTEGER: return "integer";
    case FLOE__NUMBER: return "number";
  }
  return "";
}

static json_t *options_json(const struct floe__option *option) {
  json_t *list = json_array();
  for (; option && option->name; option++) {
    json_t *entry = json_pack("{s:s, s:s, s:s?, s:s?, s:s}", "name", option->name, "kind", kind_name(option->kind),
                              "argument", option->argument, "choices", option->choices, "help", option->help);
    if (option->letter) json_object_set_new(entry, "letter", json_stringn(&option->letter, 1));
    if (option->low != 0 || option->high != 0) {
      json_object_set_new(entry, "low", json_real(option->low));
      json_object_set_new(entry, "high", json_real(option->high));
    }
    json_array_append_new(list, entry);
  }
  return list;
}

json_t *floe__help_json(const struct floe__command *command) {
  json_t *verbs = json_array();
  for (const struct floe__verb *verb = command->verbs; verb->name; verb++) {
    json_array_append_new(verbs, json_pack("{s:s, s:s, s:s, s:o}", "name", verb->name, "arguments", verb->arguments,
                                           "summary", verb->summary, "options", options_json(verb->options)));
  }
  return json_pack("{s:s, s:s, s:s, s:o, s:o}", "name", command->name, "version", command->version, "summary",
                   command->summary, "verbs", verbs, "options", options_json(command->shared));
}

/* ---- man page ---- */

/* Troff gives a meaning to backslashes, dashes, and to points and apostrophes that open a line. */
static void troff(const char *string, struct floe__text *out) {
  if (*string == '.' || *string == '\'') floe__text_puts(out, "\\&");
  for (; *string; string++) {
    if (*string == '\\') {
      floe__text_puts(out, "\\e");
    } else if (*string == '-') {
      floe__text_puts(out, "\\-");
    } else {
      floe__text_append(out, string, 1);
    }
  }
}

static void man_options(const struct floe__option *option, struct floe__text *out) {
  for (; option && option->name; option++) {
    floe__text_puts(out, ".TP\n");
    if (option->letter) floe__text_printf(out, "\\fB\\-%c\\fR, ", option->letter);
    floe__text_puts(out, "\\fB\\-\\-");
    troff(option->name, out);
    floe__text_puts(out, "\\fR");
    if (option->argument) {
      floe__text_puts(out, " \\fI");
      troff(option->argument, out);
      floe__text_puts(out, "\\fR");
    }
    floe__text_puts(out, "\n");
    troff(option->help, out);
    if (option->choices) {
      floe__text_puts(out, " (");
      troff(option->choices, out);
      floe__text_puts(out, ")");
    }
    floe__text_puts(out, "\n");
  }
}

void floe__man_page(const struct floe__command *command, struct floe__text *out) {
  floe__text_printf(out, ".TH %s 1 \"\" \"%s %s\"\n.SH NAME\n%s \\- ", command->name, command->name, command->version,
                    command->name);
  troff(command->summary, out);
  floe__text_printf(out, "\n.SH SYNOPSIS\n.B %s\n\\fIverb\\fR [\\fIarguments\\fR] [\\fIoptions\\fR]\n.SH VERBS\n", command->name);
  for (const struct floe__verb *verb = command->verbs; verb->name; verb++) {
    floe__text_puts(out, ".SS \"");
    troff(verb->name, out);
    floe__text_puts(out, " ");
    troff(verb->arguments, out);
    floe__text_puts(out, "\"\n");
    troff(verb->summary, out);
    floe__text_puts(out, "\n");
    man_options(verb->options, out);
  }
  floe__text_puts(out, ".SH OPTIONS OF EVERY VERB\n");
  man_options(command->shared, out);
  floe__text_puts(out, ".SH EXIT STATUS\n0 done, 1 bug, 2 usage, 3 spec, 4 data, 5 numerical failure, 6 a gate failed,\n"
                       "7 missing or stale artifact, 8 environment, 124 timeout, 130 interrupted and resumable\n");
}

/* ---- completion ---- */

static void flags_of(const struct floe__option *option, struct floe__text *out) {
  for (; option && option->name; option++) floe__text_printf(out, " --%s", option->name);
}

void floe__completion_bash(const struct floe__command *command, struct floe__text *out) {
  floe__text_printf(out, "_%s() {\n  local word=${COMP_WORDS[COMP_CWORD]} words=\n  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    words='",
                    command->name);
  for (const struct floe__verb *verb = command->verbs; verb->name; verb++) {
    floe__text_printf(out, "%s%s", verb == command->verbs ? "" : " ", verb->name);
  }
  floe__text_puts(out, "'\n  else\n    case $word in\n      -*)\n        words='");
  flags_of(command->shared, out);
  floe__text_puts(out, "'\n        case ${COMP_WORDS[1]} in\n");
  for (const struct floe__verb *verb = command->verbs; verb->name; verb++) {
    if (!verb->options || !verb->options->name) continue;
    floe__text_printf(out, "          %s) words+='", verb->name);
    flags_of(verb->options, out);
    floe__text_puts(out, "' ;;\n");
  }
  floe__text_printf(out,
                    "        esac ;;\n      *)\n        COMPREPLY=($(compgen -f -- \"$word\"))\n        return ;;\n    esac\n"
                    "  fi\n  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\ncomplete -o filenames -F _%s %s\n",
                    command->name, command->name);
}
