/* report_verb.c: the last results once more, in another format. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "runtime/report/results.h"
#include "runtime/study/artifacts.h"
#include "runtime/study/verbs.h"

static void write_format(const char *format, const json_t *results, struct floe__text *out) {
  if (strcmp(format, "html") == 0) {
    floe__report_html(results, out);
  } else if (strcmp(format, "md") == 0) {
    floe__report_markdown(results, out);
  } else if (strcmp(format, "json") == 0) {
    char *text = json_dumps(results, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    if (text) floe__text_printf(out, "%s\n", text);
    free(text);
  } else {
    floe__report_terminal(results, floe__terminal_colour(1), out);
  }
}

floe_status verb_report(struct session *session, struct floe_error *error) {
  char path[STUDY_PATH_LENGTH], name[STUDY_NAME_LENGTH], hash[17];
  const char *format = floe__option_string(session->arguments, "format", "terminal"),
             *output = floe__option_string(session->arguments, "output", NULL);
  struct floe__text out = {0};
  session_name_of_pins(session, "results", ".json", name);
  json_t *results = study_json_read(session, name);
  session_path(session, name, path);
  if (!results) return floe__fail(error, FLOE_EARTIFACT, path, "make them: floe run SPEC DATA", "there are no results");
  study_network_hash(session, hash);
  if (strcmp(result_text(results, "network_hash"), hash) != 0)
    session_remark(session, "artifact", "these results were made with another network: run again");
  write_format(format, results, &out);
  floe_status status = FLOE_OK;
  if (output)
    status = floe__file_write(output, out.data, out.length, error);
  else if (!session->json && out.data)
    fputs(out.data, stdout);
  if (status == FLOE_OK && output) session_file(session, "report", output);
  if (session->json) json_object_set(session->answer, "result", json_object_get(results, "result"));
  json_decref(results);
  floe__text_free(&out);
  return status;
}
