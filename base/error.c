#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

floe_status floe__fail(struct floe_error *error, floe_status status, const char *where, const char *fix,
                       const char *format, ...) {
  if (!error) return status;
  error->status = status;
  error->n_also = 0;
  snprintf(error->where, sizeof error->where, "%s", where ? where : "");
  snprintf(error->fix, sizeof error->fix, "%s", fix ? fix : "");
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->message, sizeof error->message, format, arguments);
  va_end(arguments);
  return status;
}

floe_status floe__fail_also(struct floe_error *error, floe_status status, const char *where, const char *fix,
                            const char *format, ...) {
  char message[sizeof error->message];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  if (!error || error->status != status) return floe__fail(error, status, where, fix, "%s", message);
  if (error->n_also++ >= FLOE_MOST_ALSO) return status;
  struct floe_problem *also = &error->also[error->n_also - 1];
  snprintf(also->where, sizeof also->where, "%s", where);
  snprintf(also->fix, sizeof also->fix, "%s", fix);
  snprintf(also->message, sizeof also->message, "%.*s", (int)sizeof also->message - 1, message);
  return status;
}

int floe__exit_code(floe_status status) {
  switch (status) {
    case FLOE_OK: return 0;
    case FLOE_EUSAGE: return 2;
    case FLOE_ESPEC: return 3;
    case FLOE_EDATA: return 4;
    case FLOE_ENUMERIC: return 5;
    case FLOE_EGATE: return 6;
    case FLOE_EARTIFACT: return 7;
    case FLOE_EENVIRONMENT: return 8;
    case FLOE_EINTERRUPTED: return 130;
    case FLOE_EBUG: return 1;
  }
  return 1;
}
