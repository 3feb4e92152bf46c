#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/answer.h"
#include "base/arena.h"
#include "compiler/driver/driver.h"
#include "compiler/driver/pipeline.h"
#include "compiler/driver/select.h"
#include "compiler/driver/toolchain.h"
#include "compiler/meaning/check.h"
#include "compiler/passes/passes.h"

/* Where a study's files are: NAME.study/ beside the spec, or the folder that --study names. */
struct places {
  const char *folder, *program, *code;
};

struct building {
  struct places places;
  bool explicit_build; /* `floe build` itself: shows lints and heeds --dry-run; other verbs only want the program */
  json_t *answer;      /* takes the lints; NULL: stderr does */
  bool cached;
};

static struct places places_of(const struct driver *driver, const char *spec) {
  const char *slash = strrchr(spec, '/'), *file = slash ? slash + 1 : spec, *point = strrchr(file, '.');
  int n_folder = (int)(file - spec), n_stem = (int)(point && point > file ? point - file : (long)strlen(file));
  const char *given = floe__option_string(&driver->arguments, "study", NULL);
  struct places places;
  places.folder = given ? given : floe__arena_printf(driver->arena, "%.*s%.*s.study", n_folder, spec, n_stem, file);
  places.program = floe__arena_printf(driver->arena, "%s/%.*s", places.folder, n_stem, file);
  places.code = floe__arena_printf(driver->arena, "%s.c", places.program);
  return places;
}

static floe_status compile(struct driver *driver, const struct pipeline *pipeline, struct building *building,
                           struct floe_error *error) {
  const struct places *places = &building->places;
  const char *messages;
  struct compile_request request = {.home = &pipeline->library->home,
                                    .code = pipeline->code.data,
                                    .length = pipeline->code.length,
                                    .code_path = places->code,
                                    .program = places->program,
                                    .folder = places->folder,
                                    .n_foreign = pipeline->n_foreign,
                                    .foreign = pipeline->foreign};
  floe_status status = toolchain_compile(driver->arena, &request, &building->cached, &messages, error);
  if (status && messages) fputs(messages, stderr);
  return status;
}

/* ---- hyper values ---- */

/* What `elicit` stored for exactly this prior, as --set options behind the user's own; false without any. */
static bool elicited_sets(struct driver *driver, const char *folder, const struct pipeline *pipeline,
                          struct pipeline_request *request) {
  const char *path = floe__arena_printf(driver->arena, "%s/elicited.json", folder), *name;
  json_t *stored = json_load_file(path, 0, NULL), *values = json_object_get(stored, "values"), *value;
  const char *prior = json_string_value(json_object_get(stored, "prior"));
  const char *wanted = floe__arena_printf(driver->arena, "%016llx", (unsigned long long)pipeline->prior);
  const bool current = prior && !strcmp(prior, wanted) && json_object_size(values) > 0;
  if (current) {
    const char **sets = floe__arena_array(driver->arena, request->n_set + json_object_size(values), sizeof *sets);
    for (size_t k = 0; k < request->n_set; k++) sets[k] = request->sets[k];
    json_object_foreach(values, name, value) sets[request->n_set++] =
        floe__arena_printf(driver->arena, "%s = %.17g", name, json_number_value(value));
    request->sets = sets;
  }
  json_decref(stored);
  return current;
}

static bool has_hyper_values(const struct program *program) {
  for (size_t k = 0; k < program->n_axis; k++) {
    if (program->axes[k]->hyper) return true;
  }
  return false;
}

/* Spec -> C. Hyper values are the stored ones where they are current, except for `elicit`, which looks for them; otherwise the
 * study is built without, and refuses what needs them. */
static floe_status make_code(struct driver *driver, const struct building *building, struct pipeline *pipeline,
                             struct floe_error *error) {
  struct pipeline_request request = driver_request(driver, STAGE_C);
  floe_status status = pipeline_run(pipeline, driver->arena, &request, error);
  if (status || !strcmp(driver->arguments.verb->name, "elicit") || !has_hyper_values(pipeline->program)) return status;
  if (!elicited_sets(driver, building->places.folder, pipeline, &request)) return status;
  pipeline_free(pipeline);
  return pipeline_run(pipeline, driver->arena, &request, error);
}

/* Spec -> program in its place. */
static floe_status build(struct driver *driver, struct building *building, struct floe_error *error) {
  struct pipeline pipeline;
  struct universe *universe;
  const char *name;
  bool dry = building->explicit_build && floe__option_given(&driver->arguments, "dry-run");
  floe_status status = make_code(driver, building, &pipeline, error);
  if (status == FLOE_ESPEC) status = driver_refuse(driver, pipeline.sink, error);
  if (!status) status = driver_select(driver, &pipeline, NULL, &universe, &name, error);
  if (!status && building->explicit_build) driver_show(driver, pipeline.sink, building->answer);
  if (!status && !dry) status = compile(driver, &pipeline, building, error);
  pipeline_free(&pipeline);
  return status;
}

/* ---- build ---- */

static const struct {
  const char *name;
  enum stage stage;
} stages[] = {{"tokens", STAGE_TOKENS}, {"tree", STAGE_TREE},       {"typed", STAGE_TYPED},
              {"graph", STAGE_GRAPH},   {"program", STAGE_PROGRAM}, {"c", STAGE_C}};

static enum stage stage_named(const char *name) {
  for (size_t k = 0; k < sizeof stages / sizeof stages[0]; k++) {
    if (!strcmp(stages[k].name, name)) return stages[k].stage;
  }
  return STAGE_C;
}

/* A tree is shown as far as it could be understood, with what is wrong with the rest. */
static floe_status dump(struct driver *driver, enum stage stage, struct floe_error *error) {
  struct pipeline pipeline;
  struct floe__text text = {0};
  struct pipeline_request request = driver_request(driver, stage);
  floe_status status = pipeline_run(&pipeline, driver->arena, &request, error);
  if (!status || (status == FLOE_ESPEC && stage == STAGE_TREE && pipeline.tree)) pipeline_dump(&pipeline, stage, &text);
  if (text.data) fwrite(text.data, 1, text.length, stdout);
  fflush(stdout);
  if (status == FLOE_ESPEC)
    status = driver_refuse(driver, pipeline.sink, error);
  else if (!status && stage == STAGE_TYPED)
    driver_show(driver, pipeline.sink, NULL); /* the lints are part of that stage */
  floe__text_free(&text);
  pipeline_free(&pipeline);
  return status;
}

floe_status driver_build(struct driver *driver, struct floe_error *error) {
  const char *stage = floe__option_string(&driver->arguments, "dump", NULL);
  if (!stage) stage = floe__option_string(&driver->arguments, "emit", NULL);
  if (stage) return dump(driver, stage_named(stage), error);

  struct building building = {.places = places_of(driver, driver->arguments.positional[0]), .explicit_build = true};
  struct places *places = &building.places;
  places->program = floe__option_string(&driver->arguments, "output", places->program);
  if (driver->json) building.answer = floe__answer_new("build", true, "pass");
  floe_status status = build(driver, &building, error);
  if (status) {
    json_decref(building.answer);
  } else if (building.answer) {
    json_object_set_new(json_object_get(building.answer, "result"), "cached", json_boolean(building.cached));
    json_object_set_new(json_object_get(building.answer, "files"), "program", json_string(places->program));
    json_object_set_new(json_object_get(building.answer, "files"), "c", json_string(places->code));
    floe__answer_print(building.answer, stdout);
  } else {
    printf("%s\n", places->program);
  }
  return status;
}

/* ---- every verb of a study: build, then become the study ---- */

/* --set and the like made the program: it knows nothing of them. */
static bool is_for_compiler(const struct driver *driver, const char *word, bool *with_value) {
  static const char *const options[] = {"--set", "--pin", "--allow"};
  for (size_t k = 0; k < sizeof options / sizeof options[0]; k++) {
    size_t n = strlen(options[k]);
    if (strncmp(word, options[k], n) || (k == 1 && driver->network_pins)) continue;
    *with_value = word[n] == '\0';
    if (*with_value || word[n] == '=') return true;
  }
  return !strcmp(word, "--allow-extern");
}

static bool is_pinnable(const struct program *program, const char *words) {
  const size_t n = strcspn(words, " =");
  for (size_t k = 0; k < program->n_variable; k++) {
    const struct variable *v = program->variables[k];
    if (strlen(v->name) == n && !strncmp(v->name, words, n)) return can_be_pinned(v);
  }
  return false;
}

/* Whether the network answers for all of --pin: the settings ask for pins, and these are such as it holds. What is wrong
 * with the spec comes up when it is built. */
static bool network_holds(struct driver *driver) {
  static const char *const verbs[] = {"infer", "run", "multiverse", "report"};
  bool asked = false, holds = true;
  for (size_t k = 0; k < sizeof verbs / sizeof verbs[0]; k++)
    asked = asked || !strcmp(driver->arguments.verb->name, verbs[k]);
  if (!asked || !floe__option_given(&driver->arguments, "pin")) return false;
  struct pipeline_request request = driver_request(driver, STAGE_TYPED);
  struct pipeline pipeline;
  const size_t n = request.n_pin;
  request.n_pin = 0;
  holds = !pipeline_run(&pipeline, driver->arena, &request, NULL) && share_of_pins(pipeline.program) > 0;
  for (size_t k = 0; k < n && holds; k++) {
    holds = is_pinnable(pipeline.program, request.pins[k]);
    if (!holds && !driver->quiet)
      fprintf(stderr, "--pin %s is not what the network was trained to hold: this is a study of its own\n",
              request.pins[k]);
  }
  pipeline_free(&pipeline);
  return holds;
}

floe_status driver_study(struct driver *driver, struct floe_error *error) {
  driver->network_pins = network_holds(driver);
  const char *spec = driver->arguments.positional[0];
  struct building building = {.places = places_of(driver, spec)};
  floe_status status = build(driver, &building, error);
  if (status) return status;
  const char *program = building.places.program;
  char **argv = floe__arena_array(driver->arena, (size_t)driver->argc + 1, sizeof *argv);
  int n = 0;
  bool left_out = false;
  argv[n++] = floe__arena_copy(driver->arena, program, strlen(program));
  for (int k = 1; k < driver->argc; k++) {
    bool with_value = false;
    if (!left_out && driver->argv[k] == spec) {
      left_out = true;
    } else if (k > 1 && is_for_compiler(driver, driver->argv[k], &with_value)) {
      k += with_value;
    } else {
      argv[n++] = driver->argv[k];
    }
  }
  fflush(NULL);
  /* Threads that wait should sleep: spinning takes a core away from whatever else the machine does. */
  setenv("OMP_WAIT_POLICY", "passive", 0);
  setenv("OPENBLAS_NUM_THREADS", "1", 0); /* it is used on one thread, and need not start others */
  execv(program, argv);
  return floe__fail(error, FLOE_EENVIRONMENT, program, "", "cannot run the compiled study: %s", strerror(errno));
}
