#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ALIGNMENT ((size_t)64)

/* Large blocks begin at a multiple of the processor's large pages and ask for them: the system then hands them out in far fewer
 * steps. */
#define LARGE_PAGE ((size_t)2 << 20)

static void *aligned_block(size_t count, size_t size, size_t *bytes) {
  if (__builtin_mul_overflow(count, size, bytes) || *bytes > PTRDIFF_MAX - LARGE_PAGE) return NULL;
  const size_t alignment = *bytes < 2 * LARGE_PAGE ? ALIGNMENT : LARGE_PAGE;
  size_t rounded = (*bytes + alignment - 1) / alignment * alignment;
  void *block = aligned_alloc(alignment, rounded ? rounded : alignment);
#ifdef MADV_HUGEPAGE
  if (block && alignment == LARGE_PAGE) (void)madvise(block, rounded, MADV_HUGEPAGE);
#endif
  return block;
}

void *floe__new_unset(size_t count, size_t size) {
  size_t bytes;
  return aligned_block(count, size, &bytes);
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
