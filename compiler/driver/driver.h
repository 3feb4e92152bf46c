/* driver.h: what the verbs of `floe` share, and the verbs themselves.
 * A verb prints its results on stdout and returns how it went. FLOE_ESPEC with an empty message: the diagnostics say it all
 * and have been shown. */
#ifndef FLOE_DRIVER_DRIVER_H
#define FLOE_DRIVER_DRIVER_H

#include <stdbool.h>

#include "base/options.h"
#include "compiler/driver/pipeline.h"

struct floe__arena;
struct diagnostics;
struct json_t;

struct driver {
  struct floe__arena *arena;
  struct floe__command command;
  struct floe__arguments arguments;
  int argc;
  char **argv;
  bool json, quiet;
  bool network_pins; /* --pin is for the compiled study, whose network is trained for it */
};

floe_status driver_check(struct driver *driver, struct floe_error *error);      /* check_verb.c */
floe_status driver_fmt(struct driver *driver, struct floe_error *error);        /* fmt_verb.c */
floe_status driver_universe(struct driver *driver, struct floe_error *error);   /* universe_verbs.c: `floe show` */
floe_status driver_diff(struct driver *driver, struct floe_error *error);       /* universe_verbs.c */
floe_status driver_build(struct driver *driver, struct floe_error *error);      /* build_verb.c */
floe_status driver_study(struct driver *driver, struct floe_error *error);      /* build_verb.c: builds, then becomes the study */
floe_status driver_doctor(struct driver *driver, struct floe_error *error);     /* doctor_verb.c */
floe_status driver_explain(struct driver *driver, struct floe_error *error);    /* help_verbs.c, like all that follow */
floe_status driver_help(struct driver *driver, struct floe_error *error);
floe_status driver_version(struct driver *driver, struct floe_error *error);
floe_status driver_completion(struct driver *driver, struct floe_error *error);

/* What the options say about the way from SPEC, the first positional argument, to the stage `last`. */
struct pipeline_request driver_request(const struct driver *driver, enum stage last);

/* Shows diagnostics on stderr, or with --json as the warnings of `answer`. */
void driver_show(const struct driver *driver, const struct diagnostics *sink, struct json_t *answer);

/* Ends a verb whose spec is at fault: shows the diagnostics (with --json as the whole answer) and gives FLOE_ESPEC. */
floe_status driver_refuse(const struct driver *driver, const struct diagnostics *sink, struct floe_error *error);

#endif
