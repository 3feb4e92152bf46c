/* answer.h: chunks of draws and densities for contexts whose conditions ask.c has computed. */
#ifndef FLOE_TRAIN_ANSWER_H
#define FLOE_TRAIN_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/train/examples.h"
#include "runtime/train/parts.h"

enum { FLOE__ASK_BLOCK = 256 }; /* contexts conditioned on at a time */

struct floe__asking {
  const struct floe_network *network;
  size_t n, n_total, n_thread, first_member, n_member; /* points of a context; contexts in all; members asked */
  const unsigned char *pattern; /* (FLOE_NETWORK_PATTERN): which of those point k comes from, k modulo its length */
  double log_share[FLOE__MOST_MEMBERS]; /* of each in the mixture; -INFINITY: it is not asked */
  uint64_t seed;
  int reads; /* densities of `given`, instead of draws into `coordinates` */
  double *coordinates, *log_q;
  const double *given;

  /* a block of contexts */
  size_t n_context, first_context;
  const struct floe_context *contexts; /* (n_context) of this block, and so below */
  const uint64_t *units;
  struct floe__slots **slots;
  size_t *offset; /* (n_context + 1): where each one's coordinates start */
  struct floe__examples examples;
  float *condition; /* (n_member, block, summary + context) */
  float *pre;       /* (n_member, n_pre): of each context, the global flow's condition */
  float *row_pre;   /* (n_member, n_row_pre): of each context and row, the row's share of the local flow's */
  size_t n_pre, n_row_pre;

  size_t n_work, n_indices; /* of each thread */
  float *work;
  uint32_t *indices;
};

/* Chunks of a context, and the work space of one. */
size_t floe__chunks_of(const struct floe__asking *asking);
size_t floe__chunk_work(const struct floe__asking *asking, const struct floe__member *member);
size_t floe__chunk_indices(const struct floe__asking *asking);

/* Unit k: chunk k % chunks of context k / chunks. */
void floe__draw_chunk(void *asking, size_t k, size_t thread);
void floe__density_chunk(void *asking, size_t k, size_t thread);

#endif
