#include "compiler/driver/pipeline.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/names.h"
#include "compiler/emit/emit.h"
#include "compiler/meaning/check.h"
#include "compiler/passes/passes.h"
#include "compiler/program/routine.h"
#include "compiler/source/source.h"
#include "compiler/syntax/doubt.h"
#include "compiler/syntax/elicited.h"
#include "compiler/syntax/overrides.h"
#include "compiler/syntax/parse.h"
#include "compiler/syntax/parts.h"

/* A file that cannot be read at all is a matter of the command line; one that holds the wrong bytes is a faulty spec. */
static floe_status read_source(struct pipeline *pipeline, const char *path, const struct source **source,
                               struct floe_error *error) {
  enum source_problem problem = SOURCE_OK;
  *source = source_read(pipeline->arena, path, &problem);
  if (*source) return FLOE_OK;
  switch (problem) {
    case SOURCE_OK:
    case SOURCE_UNREADABLE:
      return floe__fail(error, FLOE_EUSAGE, path, "check the name of the spec", "cannot read the file: %s",
                        strerror(errno));
    case SOURCE_TOO_LARGE:
      return floe__fail(error, FLOE_ESPEC, path, "", "a spec may have %zu bytes at most", SOURCE_MAX_BYTES);
    case SOURCE_HAS_NUL:
      return floe__fail(error, FLOE_ESPEC, path, "is this a text file?", "the file holds a NUL byte");
    case SOURCE_NOT_UTF8: return floe__fail(error, FLOE_ESPEC, path, "save it as UTF-8", "the file is not valid UTF-8");
  }
  return FLOE_EBUG;
}

/* Before the spec is parsed: names that the library has are its own. */
static floe_status find_library(struct pipeline *pipeline, const struct library *given, struct floe_error *error) {
  struct library *read = given ? NULL : floe__arena_alloc(pipeline->arena, sizeof *read);
  floe_status status = given ? FLOE_OK : library_read(read, pipeline->arena, NULL, error);
  pipeline->library = given ? given : read;
  if (!status) pipeline->names = floe__names_over(pipeline->arena, pipeline->library->names);
  return status;
}

/* ---- modules ---- */

static void error_module(const struct pipeline *pipeline, const struct statement *use, const char *problem) {
  struct diagnostic *d = diagnose(pipeline->sink, "E2101", use->name_span, "the module `%s` %s", use->name, problem);
  d->fix = floe__arena_printf(pipeline->arena, "a module is a file `%s.floe` beside the spec, or one of the library",
                              use->name);
}

/* A module beside the spec comes before one of the library. */
static const struct tree *read_module(void *context, const struct statement *use) {
  struct pipeline *pipeline = context;
  enum source_problem problem = SOURCE_OK;
  const char *spec = pipeline->source->path, *slash = strrchr(spec, '/');
  int folder = slash ? (int)(slash - spec) + 1 : 0;
  const char *path = floe__arena_printf(pipeline->arena, "%.*s%s.floe", folder, spec, use->name);
  const struct source *source = source_read(pipeline->arena, path, &problem);
  if (!source && problem == SOURCE_UNREADABLE) {
    path = floe__arena_printf(pipeline->arena, "%s/parts/%s.floe", pipeline->library->home.library, use->name);
    source = source_read(pipeline->arena, path, &problem);
  }
  if (!source) {
    error_module(pipeline, use, problem == SOURCE_UNREADABLE ? "cannot be found" : "is no text that can be read");
    return NULL;
  }
  return parse_source(pipeline->arena, pipeline->names, pipeline->sink, source);
}

/* ---- overrides ---- */

static size_t read_overrides(struct pipeline *pipeline, const struct pipeline_request *request,
                             struct override **overrides) {
  size_t n = request->n_set + request->n_pin;
  *overrides = floe__arena_array(pipeline->arena, n + 1, sizeof **overrides);
  for (size_t k = 0; k < n; k++) {
    bool pin = k >= request->n_set;
    const char *words = pin ? request->pins[k - request->n_set] : request->sets[k];
    (*overrides)[k] = override_read(pipeline->arena, pipeline->names, pipeline->sink, words, pin);
  }
  return n;
}

static void error_pinned(const struct pipeline *pipeline, const struct statement *pin, const char *problem) {
  diagnose(pipeline->sink, "E2204", pin->span, "`%s` cannot be pinned there: %s", pin->name, problem)->fix =
      "pin it at a value that it can take";
}

static bool bound_of(const struct term *term, double *value) {
  if (term && term->kind == TERM_NUMBER) *value = term->number;
  return term && term->kind == TERM_NUMBER;
}

/* A pinned unknown has no support of its own any more: what it would have is that of the spec without the pins. */
static void check_pin(const struct pipeline *pipeline, const struct program *free, const struct statement *pin) {
  bool negative = pin->value->kind == EXPR_UNARY;
  double value = negative ? -pin->value->left->number : pin->value->number, bound;
  for (size_t k = 0; k < free->n_variable; k++) {
    const struct variable *v = free->variables[k];
    if (v->name != pin->name) continue;
    if (v->type.structure != STRUCTURE_PLAIN || v->n_binder != v->type.n_dim)
      error_pinned(pipeline, pin, "it is no plain number");
    else if (v->type.base != BASE_REAL && value != floor(value))
      error_pinned(pipeline, pin, "it is a whole number");
    else if (bound_of(v->type.low, &bound) && (value < bound || (v->type.strict && value == bound)))
      error_pinned(pipeline, pin, "its lower bound excludes it");
    else if (bound_of(v->type.high, &bound) && value > bound)
      error_pinned(pipeline, pin, "its upper bound excludes it");
  }
}

static const struct program *checked(struct pipeline *pipeline, const struct pipeline_request *request,
                                     const struct tree *tree) {
  return check_program(pipeline->arena, pipeline->names, pipeline->sink, N_LIBRARY, pipeline->library->files, tree,
                       request->allow_extern);
}

/* ---- lints that are allowed ---- */

static bool is_lint(const char *code) {
  return code[0] == 'W' && diagnostic_title(code);
}

static void error_allow(const struct pipeline *pipeline, struct span span, const char *word) {
  diagnose(pipeline->sink, "E1019", span, "`%.20s` is not the code of a lint", word)->fix =
      "for example: # floe: allow W2003";
}

/* `# floe: allow W2003 W2004`: alone on its line for the whole file, behind a statement for that line. */
static void allow_by_comment(const struct pipeline *pipeline, const struct comment *comment) {
  static const char begin[] = "# floe: allow ";
  const char *text = pipeline->source->text + comment->span.begin, *end = pipeline->source->text + comment->span.end;
  size_t n = sizeof begin - 1;
  if ((size_t)(end - text) < n || memcmp(text, begin, n) != 0) return;
  for (text += n; text < end;) {
    size_t length = strcspn(text, " ,\t\r\n");
    if (length > (size_t)(end - text)) length = (size_t)(end - text);
    const char *code = floe__arena_copy(pipeline->arena, text, length);
    if (length && !is_lint(code)) error_allow(pipeline, comment->span, code);
    if (length) diagnostics_allow(pipeline->sink, code, comment->span, !comment->alone);
    text += length + 1;
  }
}

static void allow_lints(const struct pipeline *pipeline, const struct pipeline_request *request) {
  struct span nowhere = {0};
  for (const struct comment *comment = pipeline->tree->comments; comment; comment = comment->next)
    allow_by_comment(pipeline, comment);
  for (size_t k = 0; k < request->n_allow; k++) {
    if (!is_lint(request->allows[k])) error_allow(pipeline, nowhere, request->allows[k]);
    diagnostics_allow(pipeline->sink, request->allows[k], nowhere, false);
  }
}

/* ---- modules, parts and overrides, taken apart ---- */

/* What can still be said where the text, an override or the use of a part is wrong. */
static void check_the_rest(struct pipeline *pipeline, const struct pipeline_request *request, const struct tree *tree,
                           size_t n, struct override *overrides) {
  const struct doubt doubt = doubt_of(pipeline->arena, pipeline->sink, pipeline->tree);
  struct diagnostics *found = diagnostics_new(pipeline->arena);
  if (doubt.total) return;
  overrides_apply(pipeline->arena, found, tree, n, overrides);
  overrides_unapplied(pipeline->arena, found, tree, n, overrides);
  check_rest(pipeline->arena, pipeline->names, found, N_LIBRARY, pipeline->library->files, tree, request->allow_extern);
  for (size_t k = 0; k < diagnostics_count(found); k++) {
    const struct diagnostic *finding = diagnostics_at(found, k);
    if (!doubt_touches(&doubt, finding)) diagnostics_add(pipeline->sink, *finding);
  }
}

/* What is to be checked. FLOE_ESPEC: the sink says why. */
static floe_status make_plain(struct pipeline *pipeline, const struct pipeline_request *request) {
  struct override *overrides;
  struct module_reader reader = {pipeline, read_module};
  struct floe__arena *arena = pipeline->arena;
  size_t n = read_overrides(pipeline, request, &overrides), n_set = request->n_set;
  const struct tree *tree = overrides_apply(arena, pipeline->sink, pipeline->tree, n_set, overrides);
  tree = parts_expand(arena, pipeline->names, pipeline->sink, tree, N_LIBRARY, pipeline->library->files, reader);
  tree = elicited_expand(arena, pipeline->names, tree);
  const bool doubt = diagnostics_errors(pipeline->sink) > 0;
  allow_lints(pipeline, request);
  tree = overrides_apply(arena, pipeline->sink, tree, n_set, overrides);
  if (doubt) {
    check_the_rest(pipeline, request, tree, n, overrides);
    return FLOE_ESPEC;
  }
  pipeline->plain = overrides_apply(arena, pipeline->sink, tree, n, overrides);
  overrides_unapplied(arena, pipeline->sink, tree, n, overrides);
  if (n == n_set) return FLOE_OK;
  const struct program *free = checked(pipeline, request, tree);
  for (size_t k = n_set; k < n && free; k++) check_pin(pipeline, free, overrides[k].statement);
  return diagnostics_errors(pipeline->sink) ? FLOE_ESPEC : FLOE_OK;
}

/* ---- C that comes with the spec ---- */

static void error_no_c(const struct pipeline *pipeline, const struct external *external, const char *path) {
  diagnose(pipeline->sink, "E2110", external->span, "the C of `%s` cannot be read: `%s`", external->name, path)->fix =
      "write it beside the spec";
}

static bool is_of_library(const struct pipeline *pipeline, const struct source *file) {
  size_t n = strlen(pipeline->library->home.library);
  return !file || (!strncmp(file->path, pipeline->library->home.library, n) && file->path[n] == '/');
}

static const char *c_of(const struct pipeline *pipeline, const struct source *file) {
  const char *point = strrchr(file->path, '.');
  size_t stem = point && !strchr(point, '/') ? (size_t)(point - file->path) : strlen(file->path);
  return floe__arena_printf(pipeline->arena, "%.*s.c", (int)stem, file->path);
}

/* One file of C for each file of Floe that declares externs. What it says is part of the study's fingerprint. */
static void find_foreign(struct pipeline *pipeline) {
  const struct program *p = pipeline->program;
  pipeline->foreign = floe__arena_array(pipeline->arena, p->n_external + 1, sizeof *pipeline->foreign);
  for (size_t k = 0; k < p->n_external; k++) {
    char *text;
    size_t length;
    bool known = is_of_library(pipeline, p->externals[k]->span.file);
    const char *path = known ? "" : c_of(pipeline, p->externals[k]->span.file);
    for (size_t j = 0; j < pipeline->n_foreign; j++) known = known || !strcmp(pipeline->foreign[j], path);
    if (known) continue;
    if (floe__file_read(path, SOURCE_MAX_BYTES, &text, &length, NULL)) {
      error_no_c(pipeline, p->externals[k], path);
      continue;
    }
    pipeline->study->foreign = floe__hash(text, length, pipeline->study->foreign);
    floe__free(text);
    pipeline->foreign[pipeline->n_foreign++] = path;
  }
}

/* ---- the way ---- */

static void error_crowded(const struct pipeline *pipeline) {
  struct span model = {pipeline->source, 0, 0};
  diagnose(pipeline->sink, "E9008", model, "the model needs more than 512 different loops")->fix =
      "let values that run alike share an index, and nest fewer loops over one index";
}

static floe_status verify_graph(const struct pipeline *pipeline, struct floe_error *error) {
  struct floe__text problem = {0};
  floe_status status = FLOE_OK;
  if (!graph_verify(pipeline->study, &problem)) {
    status = floe__fail(error, FLOE_EBUG, pipeline->source->path, "please report this spec",
                        "the graph is not sound: %s", problem.data ? problem.data : "");
  }
  floe__text_free(&problem);
  return status;
}

floe_status pipeline_run(struct pipeline *pipeline, struct floe__arena *arena, const struct pipeline_request *request,
                         struct floe_error *error) {
  *pipeline = (struct pipeline){
      .arena = arena, .names = floe__names_new(arena), .sink = diagnostics_new(arena), .source = request->source};

  floe_status status = pipeline->source ? FLOE_OK : read_source(pipeline, request->path, &pipeline->source, error);
  if (status || request->last == STAGE_TOKENS) return status;
  if (request->last > STAGE_TREE) status = find_library(pipeline, request->library, error);
  if (status) return status;

  pipeline->tree = parse_source(arena, pipeline->names, pipeline->sink, pipeline->source);
  if (request->last == STAGE_TREE) return diagnostics_errors(pipeline->sink) ? FLOE_ESPEC : FLOE_OK;

  status = make_plain(pipeline, request);
  if (status) return status;

  pipeline->program = checked(pipeline, request, pipeline->plain);
  if (!pipeline->program || diagnostics_errors(pipeline->sink)) return FLOE_ESPEC;
  check_lints(arena, pipeline->sink, pipeline->program);
  if (request->last == STAGE_TYPED) return FLOE_OK;

  pipeline->study = derive_study(arena, pipeline->program);
  if (pipeline->study->graph->crowded) {
    error_crowded(pipeline);
    return FLOE_ESPEC;
  }
  check_settings_fit(pipeline->sink, pipeline->study, request->n_pin > 0);
  if (diagnostics_errors(pipeline->sink)) return FLOE_ESPEC;
  find_identical_options(arena, pipeline->sink, pipeline->study);
  status = verify_graph(pipeline, error);
  if (status || request->last == STAGE_GRAPH || request->last == STAGE_PROGRAM) return status;

  find_foreign(pipeline);
  if (diagnostics_errors(pipeline->sink)) return FLOE_ESPEC;
  pipeline->prior = emit_study(pipeline->study, arena, request->lockstep, &pipeline->code);
  if (pipeline->code.failed) {
    return floe__fail(error, FLOE_EENVIRONMENT, pipeline->source->path, "", "not enough memory");
  }
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
