#include "base/names.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"

struct entry {
  const char *text; /* NULL: free */
  size_t length;
  uint64_t hash;
};

/* Open addressing with linear probing; the number of slots is a power of two, at most half of them taken. */
struct floe__names {
  const struct floe__names *below; /* or NULL */
  struct floe__arena *arena;
  struct entry *entries;
  size_t n_slot, n_name;
};

struct floe__names *floe__names_new(struct floe__arena *arena) {
  struct floe__names *names = floe__arena_alloc(arena, sizeof *names);
  names->arena = arena;
  names->n_slot = 256;
  names->entries = floe__arena_array(arena, names->n_slot, sizeof *names->entries);
  return names;
}

struct floe__names *floe__names_over(struct floe__arena *arena, const struct floe__names *below) {
  struct floe__names *names = floe__names_new(arena);
  names->below = below;
  return names;
}

static struct entry *find(const struct floe__names *names, const char *text, size_t length, uint64_t hash) {
  for (size_t slot = hash & (names->n_slot - 1);; slot = (slot + 1) & (names->n_slot - 1)) {
    struct entry *entry = &names->entries[slot];
    if (!entry->text) return entry;
    if (entry->hash == hash && entry->length == length && !memcmp(entry->text, text, length)) return entry;
  }
}

static void grow(struct floe__names *names) {
  struct entry *old = names->entries;
  size_t n_old = names->n_slot;
  names->n_slot *= 2;
  names->entries = floe__arena_array(names->arena, names->n_slot, sizeof *names->entries);
  for (size_t k = 0; k < n_old; k++) {
    if (old[k].text) *find(names, old[k].text, old[k].length, old[k].hash) = old[k];
  }
}

const char *floe__name(struct floe__names *names, const char *text, size_t length) {
  uint64_t hash = floe__hash(text, length, 0);
  for (const struct floe__names *below = names->below; below; below = below->below) {
    const struct entry *known = find(below, text, length, hash);
    if (known->text) return known->text;
  }
  struct entry *entry = find(names, text, length, hash);
  if (entry->text) return entry->text;
  const char *copy = floe__arena_copy(names->arena, text, length);
  *entry = (struct entry){copy, length, hash};
  if (2 * ++names->n_name > names->n_slot) grow(names);
  return copy;
}

const char *floe__name_of(struct floe__names *names, const char *text) {
  return floe__name(names, text, strlen(text));
}
