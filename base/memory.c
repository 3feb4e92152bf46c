#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT ((size_t)64)

static void *aligned_block(size_t count, size_t size, size_t *bytes) {
  if (__builtin_mul_overflow(count, size, bytes) || *bytes > PTRDIFF_MAX - ALIGNMENT) return NULL;
  size_t rounded = (*bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  return aligned_alloc(ALIGNMENT, rounded ? rounded : ALIGNMENT);
}

void *floe__new(size_t count, size_t size) {
  size_t bytes;
  void *block = aligned_block(count, size, &bytes);
  if (block) memset(block, 0, bytes);
  return block;
}

void *floe__resize(void *block, size_t old_count, size_t new_count, size_t size) {
  size_t bytes;
  char *grown = aligned_block(new_count, size, &bytes);
  if (!grown) return NULL;
  size_t kept = (old_count < new_count ? old_count : new_count) * size;
  if (kept) memcpy(grown, block, kept);
  memset(grown + kept, 0, bytes - kept);
  free(block);
  return grown;
}

void floe__free(void *block) {
  free(block);
}
