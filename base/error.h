/* error.h: errors as values. A function that can fail returns a floe_status and, where it has more to say, fills in the
 * caller's floe_error: what is wrong, where, and what to do about it. Only study/ and driver/ print. */
#ifndef FLOE_BASE_ERROR_H
#define FLOE_BASE_ERROR_H

#include <stddef.h>

typedef enum {
  FLOE_OK = 0,
  FLOE_EUSAGE,       /* exit 2: the caller asked for something that makes no sense */
  FLOE_ESPEC,        /* exit 3 */
  FLOE_EDATA,        /* exit 4: user's data: missing column, value outside its support, ... */
  FLOE_ENUMERIC,     /* exit 5: numerical failure: not positive definite, no finite density, too many bad simulations */
  FLOE_EGATE,        /* exit 6 */
  FLOE_EARTIFACT,    /* exit 7: an artifact is missing, stale or damaged */
  FLOE_EENVIRONMENT, /* exit 8: no memory, no disk, no permission, no compiler */
  FLOE_EINTERRUPTED, /* exit 130: stopped on request; can be resumed */
  FLOE_EBUG          /* exit 1 */
} floe_status;

#define FLOE_NODISCARD __attribute__((warn_unused_result))

enum { FLOE_MOST_ALSO = 9 };

struct floe_problem {
  char where[160], message[240], fix[160];
};

struct floe_error {
  floe_status status;
  char where[256];   /* "data.csv:3, column sigma"; "" if nowhere in particular */
  char message[512]; /* one sentence */
  char fix[256];     /* one sentence; "" if there is no advice */
  size_t n_also;     /* further problems of the same kind; of these the first FLOE_MOST_ALSO are kept */
  struct floe_problem also[FLOE_MOST_ALSO];
};

/* Fills in *error (if not NULL) and returns status: `return floe__fail(error, FLOE_EDATA, "data.csv:3", "add ...", "...", ...)`. */
floe_status floe__fail(struct floe_error *error, floe_status status, const char *where, const char *fix,
                       const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same where *error may hold a failure of this status already: this one is then added to it. */
floe_status floe__fail_also(struct floe_error *error, floe_status status, const char *where, const char *fix,
                            const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The process exit code that interface.md assigns. */
int floe__exit_code(floe_status status);

#endif
