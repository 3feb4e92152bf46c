/* session.h: one run of a compiled study: the model, what the user asked for, and where artifacts live. */
#ifndef FLOE_STUDY_SESSION_H
#define FLOE_STUDY_SESSION_H

#include <floe/model.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/options.h"
#include "base/progress.h"
#include "runtime/data/bind.h"

struct json_t;

enum { STUDY_PATH_LENGTH = 4096, STUDY_NAME_LENGTH = 200 };

struct session {
  const struct floe_model *model;
  const struct floe__arguments *arguments;
  uint64_t seed;
  size_t threads;
  bool json, quiet, dry_run;
  char folder[STUDY_PATH_LENGTH]; /* NAME.study */
  struct floe_universe universe;  /* the reference, moved by --only and --at */
  bool held[FLOE_MAX_AXIS];       /* axes that those set */
  double *pins;                   /* (n_variable) what --pin holds, NaN for others; NULL: nothing is held */
  char pinned[256];               /* ",gamma=0.125" */
  struct floe_dataset *dataset;   /* NULL without DATA */
  struct json_t *answer;          /* what --json prints at the end */
  struct floe__terminal_line line;
  struct floe_progress progress; /* draws `line` */
};

/* Fills the session from the arguments; reads DATA if the verb has it. Close it also after an error. */
FLOE_NODISCARD floe_status session_open(struct session *session, const struct floe_model *model,
                                        const struct floe__arguments *arguments, struct floe_error *error);
void session_close(struct session *session);

/* A data set from a file, with the --columns of the command; of a group of its --group, or of all rows where that is NULL. */
FLOE_NODISCARD floe_status session_read(struct session *session, const char *path, const char *group,
                                        struct floe_dataset **dataset, struct floe_error *error);

/* folder/name */
void session_path(const struct session *session, const char *name, char path[STUDY_PATH_LENGTH]);

/* The name of an answer's file: "report.html", or "report_gamma=0.125.html" where numbers are held by --pin, so that neither answer
 * overwrites the other. */
void session_name_of_pins(const struct session *session, const char *stem, const char *ending, char name[STUDY_NAME_LENGTH]);

/* --output, or folder/name: made absolute by neither. */
void session_output(const struct session *session, const char *name, char path[STUDY_PATH_LENGTH]);

/* Where a part of several goes: --output d.csv becomes d_PART.csv; without --output it is folder/name. */
void session_output_part(const struct session *session, const char *part, const char *name, char path[STUDY_PATH_LENGTH]);

/* A remark on stderr, unless --quiet; in the answer's warnings too where code is not NULL. */
void session_remark(struct session *session, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sizes (n_dimension) to simulate at: the data's, else the largest or smallest that the spec allows. The caller frees them;
 * NULL without memory. */
size_t *session_sizes(const struct session *session, bool largest);

/* Whether the model has hyper values that are not numbers yet. */
bool needs_hyper_values(const struct floe_model *model);

/* Registers a file in the answer. */
void session_file(struct session *session, const char *kind, const char *path);

#endif
