/* answer.h: the one JSON object that every verb prints with --json, keys in the same order each time:
 * {"schema": "floe.VERB/1", "ok", "verdict", "gates": [], "warnings": [], "result": {}, "files": {}, "next": []}. */
#ifndef FLOE_BASE_ANSWER_H
#define FLOE_BASE_ANSWER_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

struct json_t;

/* verdict: "pass", "warn", "fail" or "unknown". The caller owns the object and sets members with jansson. */
struct json_t *floe__answer_new(const char *verb, bool ok, const char *verdict);

/* Texts may be NULL: they become "". */
void floe__answer_warn(struct json_t *answer, const char *code, const char *message, const char *where, const char *fix);

/* Exit 2 becomes the code "usage", 3 "spec", and so on. */
const char *floe__status_name(floe_status status);

/* Writes the object and a newline, and releases it. */
void floe__answer_print(struct json_t *answer, FILE *stream);

/* How study/ and driver/ end after a failure: the JSON object on stdout where `json` is set, else the message on stderr. */
void floe__answer_failure(const char *verb, const struct floe_error *error, bool json);

#endif
