/* binders.h: sets of binders, as bits by their ids. */
#ifndef FLOE_GRAPH_BINDERS_H
#define FLOE_GRAPH_BINDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_BINDER 512

struct binders {
  uint64_t word[MAX_BINDER / 64];
};

static inline bool binders_have(const struct binders *set, size_t id) {
  return set->word[id / 64] >> (id % 64) & 1;
}
static inline void binders_add(struct binders *set, size_t id) {
  set->word[id / 64] |= UINT64_C(1) << (id % 64);
}
static inline void binders_remove(struct binders *set, size_t id) {
  set->word[id / 64] &= ~(UINT64_C(1) << (id % 64));
}
static inline void binders_join(struct binders *set, const struct binders *other) {
  for (size_t k = 0; k < MAX_BINDER / 64; k++) set->word[k] |= other->word[k];
}
static inline void binders_leave(struct binders *set, const struct binders *other) {
  for (size_t k = 0; k < MAX_BINDER / 64; k++) set->word[k] &= ~other->word[k];
}
static inline bool binders_meet(const struct binders *a, const struct binders *b) {
  uint64_t both = 0;
  for (size_t k = 0; k < MAX_BINDER / 64; k++) both |= a->word[k] & b->word[k];
  return both != 0;
}
static inline bool binders_within(const struct binders *a, const struct binders *b) {
  uint64_t beyond = 0;
  for (size_t k = 0; k < MAX_BINDER / 64; k++) beyond |= a->word[k] & ~b->word[k];
  return beyond == 0;
}
static inline bool binders_are_none(const struct binders *set) {
  uint64_t any = 0;
  for (size_t k = 0; k < MAX_BINDER / 64; k++) any |= set->word[k];
  return any == 0;
}

#endif
