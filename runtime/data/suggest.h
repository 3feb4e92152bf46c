/* suggest.h: the nearest of several names, for "did you mean". */
#ifndef FLOE_DATA_SUGGEST_H
#define FLOE_DATA_SUGGEST_H

#include <stddef.h>

/* The one of the n names that is nearest to the word by insertions, deletions, replacements and swaps of neighbours,
 * letter case aside; NULL if none is within a third of the word's length (at least 1). */
const char *floe__suggest(const char *word, size_t n, const char *(*name)(const void *names, size_t k),
                          const void *names);

/* "did you mean 'tau'?" or, without suggestion, the other text; written into fix. */
void floe__suggest_fix(const char *suggestion, const char *otherwise, char *fix, size_t capacity);

#endif
