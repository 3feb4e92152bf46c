#include "base/answer.h"

#include <jansson.h>
#include <unistd.h>

#include "base/progress.h"
#include "base/text.h"

/* Texts quote what users wrote, which need not be UTF-8: then its bytes beyond ASCII become question marks. */
static json_t *text_json(const char *text) {
  if (!text) return json_string("");
  json_t *string = json_string(text);
  if (string) return string;
  struct floe__text ascii = {0};
  for (; *text; text++) floe__text_append(&ascii, (unsigned char)*text < 128 ? text : "?", 1);
  string = json_string(ascii.data);
  floe__text_free(&ascii);
  return string;
}

json_t *floe__answer_new(const char *verb, bool ok, const char *verdict) {
  json_t *answer = json_object();
  json_object_set_new(answer, "schema", json_sprintf("floe.%s/1", verb));
  json_object_set_new(answer, "ok", json_boolean(ok));
  json_object_set_new(answer, "verdict", json_string(verdict));
  json_object_set_new(answer, "gates", json_array());
  json_object_set_new(answer, "warnings", json_array());
  json_object_set_new(answer, "result", json_object());
  json_object_set_new(answer, "files", json_object());
  json_object_set_new(answer, "next", json_array());
  return answer;
}

void floe__answer_warn(json_t *answer, const char *code, const char *message, const char *where, const char *fix) {
  json_t *warning = json_pack("{s:o, s:o, s:o, s:o}", "code", text_json(code), "message", text_json(message), "where",
                              text_json(where), "fix", text_json(fix));
  json_array_append_new(json_object_get(answer, "warnings"), warning);
}

const char *floe__status_name(floe_status status) {
  switch (status) {
    case FLOE_OK: return "ok";
    case FLOE_EUSAGE: return "usage";
    case FLOE_ESPEC: return "spec";
    case FLOE_EDATA: return "data";
    case FLOE_ENUMERIC: return "numeric";
    case FLOE_EGATE: return "gate";
    case FLOE_EARTIFACT: return "artifact";
    case FLOE_EENVIRONMENT: return "environment";
    case FLOE_EINTERRUPTED: return "interrupted";
    case FLOE_EBUG: return "bug";
  }
  return "bug";
}

void floe__answer_print(json_t *answer, FILE *stream) {
  json_dumpf(answer, stream, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
  fputc('\n', stream);
  fflush(stream);
  json_decref(answer);
}

static void print_problem(const char *where, const char *message, const char *fix) {
  bool colour = floe__terminal_colour(STDERR_FILENO);
  fprintf(stderr, "%s%s%serror:%s %s\n", where, *where ? ": " : "", colour ? "\033[1;31m" : "", colour ? "\033[0m" : "",
          message);
  if (*fix) fprintf(stderr, "  %s\n", fix);
}

void floe__answer_failure(const char *verb, const struct floe_error *error, bool json) {
  if (json) {
    json_t *answer = floe__answer_new(verb, false, "fail");
    floe__answer_warn(answer, floe__status_name(error->status), error->message, error->where, error->fix);
    for (size_t k = 0; k < error->n_also && k < FLOE_MOST_ALSO; k++)
      floe__answer_warn(answer, floe__status_name(error->status), error->also[k].message, error->also[k].where,
                        error->also[k].fix);
    floe__answer_print(answer, stdout);
    return;
  }
  print_problem(error->where, error->message, error->fix);
  for (size_t k = 0; k < error->n_also && k < FLOE_MOST_ALSO; k++)
    print_problem(error->also[k].where, error->also[k].message, error->also[k].fix);
  if (error->n_also > FLOE_MOST_ALSO) fprintf(stderr, "%zu more of the kind\n", error->n_also - FLOE_MOST_ALSO);
}
