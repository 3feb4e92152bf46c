/* keep.h: the state of a run as bytes, written and read back by the same list of fields: `floe__keep` appends a field
 * to the checkpoint, or fills it from there. So that an interrupted run goes on as if nothing had happened. */
#ifndef FLOE_MCMC_KEEP_H
#define FLOE_MCMC_KEEP_H

#include <floe/model.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct floe_sample_options;

struct floe__keeper {
  bool reads;
  struct floe__text text;        /* written so far */
  const unsigned char *at, *end; /* yet to be read */
  bool failed;                   /* the bytes ended too early: what was read is meaningless */
};

void floe__keep(struct floe__keeper *keeper, void *data, size_t bytes);

/* Where the run `part` (a chain's number, or 0) of these options keeps its state, and when it last did. */
struct floe__checkpoint {
  const char *path; /* options->checkpoint; NULL: nowhere */
  size_t part;
  uint64_t identity;  /* of model, data, universe and options: state of another run is not taken up */
  double every, last; /* seconds; on the clock of floe__clock */
  double pause;       /* seconds until the next one: longer where writing takes long */
  bool written;
};

struct floe__checkpoint floe__checkpoint_of(const struct floe_context *context,
                                            const struct floe_sample_options *options, size_t part);
bool floe__checkpoint_due(const struct floe__checkpoint *checkpoint, double now);

/* `fields` lists the state to the keeper. A checkpoint that cannot be written is an error (FLOE_EENVIRONMENT). */
FLOE_NODISCARD floe_status floe__checkpoint_save(struct floe__checkpoint *checkpoint,
                                                 void (*fields)(struct floe__keeper *keeper, void *state), void *state,
                                                 struct floe_error *error);
/* *found: there was one of this very run, and the state is that. FLOE_EARTIFACT where it is damaged. */
FLOE_NODISCARD floe_status floe__checkpoint_load(struct floe__checkpoint *checkpoint,
                                                 void (*fields)(struct floe__keeper *keeper, void *state), void *state,
                                                 bool *found, struct floe_error *error);

#endif
