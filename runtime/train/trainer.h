/* trainer.h: the state of a training run. A batch is split into chunks of a fixed number of data sets; every chunk
 * of every member has its own gradient, and gradients are summed in the order of chunks, so that the threads do not
 * matter. */
#ifndef FLOE_TRAIN_TRAINER_H
#define FLOE_TRAIN_TRAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/train/examples.h"
#include "runtime/train/parts.h"

struct floe__learner { /* of one member: blocks of n_weight floats */
  float *now, *average, *first, *second;
  double best;     /* what the weights that the network holds were chosen by: see floe__trainer_evaluate */
  double loss;     /* and their validation loss */
  double variance; /* of the averaged weights, where training is consistent: consistency.h */
};

/* Data sets whose network posterior is compared with the density. */
struct floe__consistent_sets {
  struct floe_simulations *simulations;  /* owned */
  struct floe__slots **slots;            /* (n_layout) */
  const struct floe__examples *examples; /* the same, as the networks see them */
};

struct floe__consistency { /* see consistency.h */
  size_t n_draw;           /* of a data set; 0: training is by simulations alone */
  size_t n_set, n_chunk;   /* data sets of a chunk; chunks of a step: the first half unlabelled where there are such */
  size_t n_row;            /* n_set n_draw */
  struct floe__consistent_sets pool, held_out, unlabelled;
  struct floe__examples unlabelled_examples;
  size_t n_coordinate, n_scratch, scratch_capacity;
  double *coordinates, *numbers, *scratch; /* of each thread: (n_draw, n_coordinate), (3, n_draw), (capacity + 8) */
  float *by_log_q;                         /* of each thread: (n_row) */
  size_t *order;                           /* of each thread: (n_row) */
  double *variances;                       /* (n_member, chunks of an evaluation) */
};

struct floe__rejuvenation { /* see rejuvenation.h */
  size_t next_pass;         /* that comes with new parameters */
  float *kept; /* the pool's parameters in a checkpoint, (n_pool, n_global) and (n_pool, max_rows, n_local); NULL */
  double *coordinates, *ratio; /* of each thread: (n_coordinate + 1), (2, chunk) */
  size_t *n_moved;             /* of each chunk of the pool: accepted proposals */
};

struct floe__trainer {
  const struct floe_model *model;
  const struct floe_network_options *options;
  const struct floe_progress *progress;
  struct floe__settings settings;
  size_t n_thread;
  const struct floe_network *from; /* training goes on from there; NULL: from first weights */
  struct floe_network *network;
  struct floe__learner *learners; /* (n_member) */

  size_t n_pool, n_round;       /* simulations held at a time, and how often they are replaced by fresh ones */
  size_t n_pass, steps_of_pass; /* passes over each pool; steps of a pass */
  size_t n_step;                /* of this attempt */
  size_t longer;                /* times the passes that are usual; 0: not yet decided, 1 till then */
  struct floe__examples pool, held_out;
  size_t *order; /* (n_pool): of the current pass */

  size_t chunk, n_chunk; /* data sets of a chunk; chunks of a batch */
  size_t room;           /* data sets that the work space holds */
  size_t n_part;         /* chunks of a batch and of the comparison with the density */
  size_t n_work, n_floats, n_indices;
  float *work, *floats, *log_q; /* of each thread: (n_work), (n_floats), (room) */
  uint32_t *indices;            /* of each thread: (n_indices) */
  float **gradients;            /* (n_member, n_part): (n_weight) */
  size_t n_slice;
  double *losses;           /* (n_member, n_chunk or blocks of held_out): sums */
  double *squares;          /* (n_member, n_slice) */
  struct floe__adam *adams; /* (n_member) */
  struct floe__consistency consistency;
  struct floe__rejuvenation rejuvenation;

  /* where it stands; with the learners and the network, all that a checkpoint holds */
  double fraction; /* of the attempt that is done: see floe__trainer_step */
  size_t step, round, next_unit, round_unit, n_evaluation, n_stale, n_summed;
  size_t attempt, first_step, n_improved; /* of the attempt: where it began; evaluations that were the best so far */
  double summed;                          /* training losses since the last evaluation: n_summed of them */

  size_t ready_round, ready_pass; /* the round whose pool, the pass whose order is in memory, plus 1 */
};

/* All that training needs, from the first pool of simulations. *trainer is zero before; drop it in any case. */
FLOE_NODISCARD floe_status floe__trainer_start(struct floe__trainer *trainer, struct floe_error *error);
void floe__trainer_drop(struct floe__trainer *trainer);

/* Simulates the current round's pool, unless it is there. */
FLOE_NODISCARD floe_status floe__trainer_fill(struct floe__trainer *trainer, struct floe_error *error);

/* A batch of examples order[first ..] (order NULL: first ..), n of them, in the thread's room. */
struct floe__batch floe__trainer_batch(const struct floe__trainer *trainer, const struct floe__examples *examples,
                                       const size_t *order, size_t first, size_t n, size_t thread);

/* fraction: how much of the training is done; the weight of the comparison with the density. */
void floe__trainer_step(struct floe__trainer *trainer, double rate, double fraction);

/* Sets the steps of the attempt that `trainer` is at. False: there is no such attempt. */
bool floe__trainer_attempt(struct floe__trainer *trainer);

/* `times` as many passes as are usual, for this attempt and those behind it. */
void floe__trainer_lengthen(struct floe__trainer *trainer, size_t times);

/* Whether training repeats the same simulations, with nothing else to learn from. */
bool floe__trainer_repeats(const struct floe__trainer *trainer);

/* Where it does and has overfitted them: first weights again, with more weight decay and fewer steps. The best weights
 * so far stay in the network, unless this attempt finds better ones. False: there is nothing else to try. */
bool floe__trainer_again(struct floe__trainer *trainer);

/* Validation losses of the members' averaged weights, into losses (n_member) unless NULL; returns their mean. */
double floe__trainer_loss(struct floe__trainer *trainer, double *losses);

/* Validation losses of the averaged weights, and half the variance of consistency.h where training uses the density:
 * near the posterior the two are its divergences from q and of q from it. Better weights go into the network. Adds a
 * point to the curve. True where a member improved. */
bool floe__trainer_evaluate(struct floe__trainer *trainer);

/* Weights of the mixture by stacking on the held-out simulations; what the members and the mixture lose there. */
FLOE_NODISCARD floe_status floe__trainer_stack(struct floe__trainer *trainer, struct floe_error *error);

/* Mean, covariance and distances of training summaries. */
FLOE_NODISCARD floe_status floe__trainer_distances(struct floe__trainer *trainer, struct floe_error *error);

FLOE_NODISCARD floe_status floe__checkpoint_write(const struct floe__trainer *trainer, struct floe_error *error);

/* Takes up a checkpoint of the same training; does nothing where there is none. A damaged one is FLOE_EARTIFACT. */
FLOE_NODISCARD floe_status floe__checkpoint_read(struct floe__trainer *trainer, struct floe_error *error);

#endif
