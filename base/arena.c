#include "base/arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Chunks grow as the arena does: small work stays small, and large work asks the system rarely. */
#define FIRST_CHUNK_BYTES ((size_t)64 << 10)
#define LARGEST_CHUNK_BYTES ((size_t)4 << 20)

struct chunk {
  struct chunk *next;
  size_t used, size; /* bytes of `data` */
  _Alignas(max_align_t) char data[];
};

struct floe__arena {
  struct chunk *chunks; /* the first is the one being filled */
  size_t reserved, limit, next_chunk; /* bytes */
  void (*exhausted)(void *context);
  void *context;
};

static _Noreturn void out_of_memory(struct floe__arena *arena) {
  if (arena->exhausted) arena->exhausted(arena->context);
  abort();
}

struct floe__arena *floe__arena_new(size_t limit_bytes, void (*exhausted)(void *context), void *context) {
  struct floe__arena *arena = FLOE__NEW(1, struct floe__arena);
  if (!arena) {
    if (exhausted) exhausted(context);
    abort();
  }
  *arena = (struct floe__arena){
      .limit = limit_bytes, .next_chunk = FIRST_CHUNK_BYTES, .exhausted = exhausted, .context = context};
  return arena;
}

void floe__arena_free(struct floe__arena *arena) {
  if (!arena) return;
  for (struct chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
    next = chunk->next;
    floe__free(chunk);
  }
  floe__free(arena);
}

/* A chunk with room for `size` bytes. A large request gets a chunk of its own behind the first one, so that the rest of
 * the chunk being filled is not lost. */
static struct chunk *chunk_for(struct floe__arena *arena, size_t size) {
  struct chunk *first = arena->chunks;
  if (first && first->size - first->used >= size) return first;
  const bool of_its_own = size > arena->next_chunk / 4;
  const size_t wanted = of_its_own ? size : arena->next_chunk;
  if (arena->limit && (wanted > arena->limit || arena->reserved > arena->limit - wanted)) out_of_memory(arena);
  struct chunk *chunk = floe__new_unset(1, sizeof *chunk + wanted);
  if (!chunk) out_of_memory(arena);
  *chunk = (struct chunk){.size = wanted};
  arena->reserved += wanted;
  if (!of_its_own && arena->next_chunk < LARGEST_CHUNK_BYTES) arena->next_chunk *= 8;
  if (first && of_its_own) {
    chunk->next = first->next;
    first->next = chunk;
  } else {
    chunk->next = first;
    arena->chunks = chunk;
  }
  return chunk;
}

void *floe__arena_alloc(struct floe__arena *arena, size_t size) {
  const size_t alignment = _Alignof(max_align_t);
  if (size > PTRDIFF_MAX / 2) out_of_memory(arena);
  size_t rounded = (size + alignment - 1) / alignment * alignment;
  if (!rounded) rounded = alignment;
  struct chunk *chunk = chunk_for(arena, rounded);
  void *block = memset(chunk->data + chunk->used, 0, rounded);
  chunk->used += rounded;
  return block;
}

void *floe__arena_array(struct floe__arena *arena, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) out_of_memory(arena);
  return floe__arena_alloc(arena, bytes);
}

char *floe__arena_copy(struct floe__arena *arena, const char *text, size_t length) {
  char *copy = floe__arena_alloc(arena, length + 1);
  if (length) memcpy(copy, text, length);
  return copy;
}

char *floe__arena_printf(struct floe__arena *arena, const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (length < 0) length = 0;
  char *text = floe__arena_alloc(arena, (size_t)length + 1);
  vsnprintf(text, (size_t)length + 1, format, again);
  va_end(again);
  return text;
}
