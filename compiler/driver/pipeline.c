#include "compiler/driver/pipeline.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/names.h"
#include "compiler/emit/emit.h"
#include "compiler/meaning/check.h"
#include "compiler/passes/passes.h"
#include "compiler/program/routine.h"
#include "compiler/source/source.h"
#include "compiler/syntax/parse.h"

/* The standard library's files, in the order in which they may use each other. */
static const char *const library_files[] = {"prelude", "draws", "distributions_real", "distributions_positive",
                                            "distributions_unit", "distributions_discrete", "distributions_vectors", "preparation"};
enum { N_LIBRARY = sizeof library_files / sizeof library_files[0] };

/* A file that cannot be read at all is a matter of the command line; one that holds the wrong bytes is a faulty spec. */
static floe_status read_source(struct pipeline *pipeline, const char *path, const struct source **source,
                               struct floe_error *error) {
  enum source_problem problem = SOURCE_OK;
  *source = source_read(pipeline->arena, path, &problem);
  if (*source) return FLOE_OK;
  switch (problem) {
    case SOURCE_OK:
    case SOURCE_UNREADABLE:
      return floe__fail(error, FLOE_EUSAGE, path, "check the name of the spec", "cannot read the file: %s", strerror(errno));
    case SOURCE_TOO_LARGE: return floe__fail(error, FLOE_ESPEC, path, "", "a spec may have %zu bytes at most", SOURCE_MAX_BYTES);
    case SOURCE_HAS_NUL: return floe__fail(error, FLOE_ESPEC, path, "is this a text file?", "the file holds a NUL byte");
    case SOURCE_NOT_UTF8: return floe__fail(error, FLOE_ESPEC, path, "save it as UTF-8", "the file is not valid UTF-8");
  }
  return FLOE_EBUG;
}

static floe_status parse_library(struct pipeline *pipeline, const struct tree *library[], struct floe_error *error) {
  for (size_t k = 0; k < N_LIBRARY; k++) {
    const struct source *source;
    const char *path = floe__arena_printf(pipeline->arena, "%s/%s.floe", pipeline->home.library, library_files[k]);
    floe_status status = read_source(pipeline, path, &source, error);
    if (status) return status;
    library[k] = parse_source(pipeline->arena, pipeline->names, pipeline->sink, source);
  }
  return FLOE_OK;
}

static floe_status verify_graph(const struct pipeline *pipeline, struct floe_error *error) {
  struct floe__text problem = {0};
  floe_status status = FLOE_OK;
  if (!graph_verify(pipeline->study, &problem)) {
    status = floe__fail(error, FLOE_EBUG, pipeline->source->path, "please report this spec", "the graph is not sound: %s",
                        problem.data ? problem.data : "");
  }
  floe__text_free(&problem);
  return status;
}

floe_status pipeline_run(struct pipeline *pipeline, struct floe__arena *arena, const char *path, enum stage last,
                         struct floe_error *error) {
  const struct tree *library[N_LIBRARY];
  *pipeline = (struct pipeline){.arena = arena, .names = floe__names_new(arena), .sink = diagnostics_new(arena)};

  floe_status status = read_source(pipeline, path, &pipeline->source, error);
  if (status || last == STAGE_TOKENS) return status;

  pipeline->tree = parse_source(arena, pipeline->names, pipeline->sink, pipeline->source);
  if (diagnostics_errors(pipeline->sink)) return FLOE_ESPEC; /* what names mean in a broken text is guesswork */
  if (last == STAGE_TREE) return FLOE_OK;

  status = locate_installation(arena, &pipeline->home, error);
  if (!status) status = parse_library(pipeline, library, error);
  if (status) return status;

  pipeline->program = check_program(arena, pipeline->names, pipeline->sink, N_LIBRARY, library, pipeline->tree, false);
  if (!pipeline->program || diagnostics_errors(pipeline->sink)) return FLOE_ESPEC;
  check_lints(arena, pipeline->sink, pipeline->program);
  if (last == STAGE_TYPED) return FLOE_OK;

  pipeline->study = derive_study(arena, pipeline->program);
  status = verify_graph(pipeline, error);
  if (status || last == STAGE_GRAPH || last == STAGE_PROGRAM) return status;

  emit_study(pipeline->study, arena, &pipeline->code);
  if (pipeline->code.failed) return floe__fail(error, FLOE_EENVIRONMENT, path, "", "not enough memory");
  return FLOE_OK;
}

void pipeline_free(struct pipeline *pipeline) {
  floe__text_free(&pipeline->code);
}

void pipeline_dump(const struct pipeline *pipeline, enum stage stage, struct floe__text *out) {
  switch (stage) {
    case STAGE_TOKENS: dump_tokens(pipeline->arena, pipeline->source, out); return;
    case STAGE_TREE: dump_tree(pipeline->tree, out); return;
    case STAGE_TYPED: dump_program(pipeline->program, out); return;
    case STAGE_GRAPH: graph_print(pipeline->study, out); return;
    case STAGE_PROGRAM: dump_routines(pipeline->study, pipeline->arena, out); return;
    case STAGE_C: floe__text_append(out, pipeline->code.data, pipeline->code.length); return;
  }
}
