/* memory.h: the one place that calls malloc. Blocks are zeroed and aligned to 64 bytes. NULL on overflow or exhaustion. */
#ifndef FLOE_BASE_MEMORY_H
#define FLOE_BASE_MEMORY_H

#include <stddef.h>

void *floe__new(size_t count, size_t size);
void *floe__new_unset(size_t count, size_t size); /* not zeroed: for those who set what they use */
void *floe__resize(void *block, size_t old_count, size_t new_count, size_t size); /* new elements are zeroed; on failure NULL, block is kept */
void floe__free(void *block); /* NULL is allowed */

#define FLOE__NEW(count, type) ((type *)floe__new((count), sizeof(type)))

#endif
