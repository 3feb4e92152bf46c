/* pipeline.h: the whole way from a spec to C. */
#ifndef FLOE_DRIVER_PIPELINE_H
#define FLOE_DRIVER_PIPELINE_H

#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "compiler/driver/library.h"
#include "compiler/graph/graph.h"
#include "compiler/source/diagnostic.h"
#include "compiler/syntax/tree.h"

struct floe__arena;
struct floe__names;

enum stage { STAGE_TOKENS, STAGE_TREE, STAGE_TYPED, STAGE_GRAPH, STAGE_PROGRAM, STAGE_C };

struct pipeline {
  struct floe__arena *arena;
  struct floe__names *names;
  struct diagnostics *sink;
  const struct library *library;
  const struct source *source;
  const struct tree *tree;  /* as written */
  const struct tree *plain; /* without modules and parts */
  const struct program *program;
  struct study *study;
  struct floe__text code;
  uint64_t prior;           /* the model's prior_fingerprint; with `code` */
  size_t n_foreign;
  const char **foreign;     /* (n_foreign) files of C that the spec and its modules come with */
};

struct pipeline_request {
  const char *path;
  const struct source *source; /* the spec where it is in memory already; NULL: it is read from `path` */
  const struct library *library; /* read before, and kept while the pipeline is; NULL: that of this installation is read */
  enum stage last;
  bool allow_extern;           /* the spec may declare functions in C */
  bool lockstep;               /* the code can evaluate several chains at once */
  size_t n_set, n_pin;
  const char *const *sets;     /* (n_set) words behind --set */
  size_t n_allow;
  const char *const *allows;   /* (n_allow) codes of lints that are not shown */
  const char *const *pins;     /* (n_pin) words behind --pin */
};

/* Goes as far as `request->last`. FLOE_ESPEC: the sink holds errors (and *error is left alone); what was made until then is in the
 * pipeline. Free the pipeline in any case; what lives in the arena stays. */
FLOE_NODISCARD floe_status pipeline_run(struct pipeline *pipeline, struct floe__arena *arena,
                                        const struct pipeline_request *request, struct floe_error *error);
void pipeline_free(struct pipeline *pipeline);

/* What a stage made, as text. The pipeline has come as far. */
void pipeline_dump(const struct pipeline *pipeline, enum stage stage, struct floe__text *out);

#endif
