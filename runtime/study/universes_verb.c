/* universes_verb.c: the universes that a study answers for, as a table. */
#include <jansson.h>
#include <stdio.h>

#include "base/memory.h"
#include "base/text.h"
#include "runtime/data/universe.h"
#include "runtime/multiverse/universes.h"
#include "runtime/report/table.h"
#include "runtime/study/multiverse_options.h"
#include "runtime/study/quantities.h"
#include "runtime/study/verbs.h"

static void print_universe(struct table *table, const struct floe_model *model, const struct floe_universe *universe) {
  char id[512];
  floe_universe_id(model, universe, id, sizeof id);
  table_word(table, id);
  for (size_t a = 0; a < model->n_axis && a + 1 < TABLE_COLUMNS; a++) {
    const struct floe_axis *axis = &model->axes[a];
    if (axis->continuous)
      table_number(table, "%.4g", universe->value[a]);
    else
      table_word(table, axis->options[universe->option[a]].label);
  }
}

static void start_table(struct table *table, const struct floe_model *model) {
  table_start(table, "universe", NULL);
  for (size_t a = 0; a < model->n_axis && table->n_column < TABLE_COLUMNS; a++) {
    table->n_column++;
    table_word(table, model->axes[a].name);
  }
}

floe_status verb_universes(struct session *session, struct floe_error *error) {
  const struct floe_model *model = session->model;
  struct floe_universes *universes = NULL;
  floe_status status = study_universes(session, &universes, error);
  if (status != FLOE_OK) return status;
  json_t *list = json_array();
  struct table table;
  struct floe__text out = {0};
  start_table(&table, model);
  for (size_t k = 0; k < universes->n; k++) {
    char id[512];
    floe_universe_id(model, &universes->universe[k], id, sizeof id);
    print_universe(&table, model, &universes->universe[k]);
    json_array_append_new(list, json_pack("{s:s, s:o}", "id", id, "options",
                                          study_universe_options(model, &universes->universe[k], false)));
  }
  table_end(&table, false, &out);
  if (!session->json) printf("%zu universes of %s\n%s", universes->n, model->name, out.data ? out.data : "");
  json_object_set_new(session->answer, "result",
                      json_pack("{s:I, s:o}", "n", (json_int_t)universes->n, "universes", list));
  floe__text_free(&out);
  floe_universes_free(universes);
  return FLOE_OK;
}
