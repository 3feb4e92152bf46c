/* Verbs about floe itself. */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/answer.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "compiler/driver/driver.h"
#include "compiler/driver/locate.h"
#include "compiler/source/diagnostic.h"

#define PAGE_LIMIT ((size_t)1 << 20)

static floe_status print(struct floe__text *text, struct floe_error *error) {
  floe_status status = FLOE_OK;
  if (text->failed) status = floe__fail(error, FLOE_EENVIRONMENT, "", "", "not enough memory");
  else if (text->data) fwrite(text->data, 1, text->length, stdout);
  floe__text_free(text);
  return status;
}

floe_status driver_help(struct driver *driver, struct floe_error *error) {
  struct floe__text text = {0};
  const struct floe__verb *verb = NULL;
  if (driver->json) {
    json_t *answer = floe__answer_new("help", true, "pass");
    json_object_set_new(answer, "result", floe__help_json(&driver->command));
    floe__answer_print(answer, stdout);
    return FLOE_OK;
  }
  if (strcmp(driver->arguments.verb->name, "help") != 0) {
    verb = driver->arguments.verb;
  } else if (driver->arguments.n_positional) {
    const char *name = driver->arguments.positional[0];
    verb = floe__verb_find(&driver->command, name);
    if (!verb) return floe__fail(error, FLOE_EUSAGE, "", "`floe help` lists the verbs", "`%.60s` is not a verb of floe", name);
  }
  if (floe__option_given(&driver->arguments, "man")) {
    floe__man_page(&driver->command, &text);
  } else {
    floe__help(&driver->command, verb, &text);
  }
  return print(&text, error);
}

floe_status driver_version(struct driver *driver, struct floe_error *error) {
  (void)error;
  if (driver->json) {
    json_t *answer = floe__answer_new("version", true, "pass");
    json_object_set_new(json_object_get(answer, "result"), "version", json_string(driver->command.version));
    floe__answer_print(answer, stdout);
  } else {
    printf("floe %s\n", driver->command.version);
  }
  return FLOE_OK;
}

floe_status driver_completion(struct driver *driver, struct floe_error *error) {
  struct floe__text text = {0};
  floe__completion_bash(&driver->command, &text);
  return print(&text, error);
}

/* The page of a code, from docs/errors/; NULL where this installation has none. */
static const char *page_of(struct floe__arena *arena, const char *code) {
  struct installation home;
  char *page;
  size_t length;
  if (locate_installation(arena, &home, NULL)) return NULL;
  if (floe__file_read(floe__arena_printf(arena, "%s/%s.md", home.pages, code), PAGE_LIMIT, &page, &length, NULL)) return NULL;
  const char *kept = floe__arena_copy(arena, page, length);
  floe__free(page);
  return kept;
}

floe_status driver_explain(struct driver *driver, struct floe_error *error) {
  const char *given = driver->arguments.positional[0];
  char *code = floe__arena_copy(driver->arena, given, strlen(given));
  for (char *letter = code; *letter; letter++) *letter = (char)toupper((unsigned char)*letter);
  const char *title = diagnostic_title(code);
  if (!title) {
    return floe__fail(error, FLOE_EUSAGE, "", "codes are a letter and four digits, like E1010", "there is no code `%.40s`", given);
  }
  const char *page = page_of(driver->arena, code);
  if (driver->json) {
    json_t *answer = floe__answer_new("explain", true, "pass");
    json_object_set_new(answer, "result", json_pack("{s:s, s:s, s:s?}", "code", code, "title", title, "page", page));
    floe__answer_print(answer, stdout);
  } else if (page) {
    fputs(page + (page[0] == '#') + (page[0] == '#' && page[1] == ' '), stdout);
  } else {
    printf("%s: %s\n", code, title);
  }
  return FLOE_OK;
}
