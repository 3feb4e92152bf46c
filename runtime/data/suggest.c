#include "runtime/data/suggest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST = 63 };

static int same(char a, char b) {
  return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Optimal string alignment distance, three rows at a time. */
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b) {
  size_t rows[3][LONGEST + 1], *before = rows[0], *last = rows[1], *row = rows[2];
  for (size_t j = 0; j <= n_b; j++) last[j] = j;
  for (size_t i = 1; i <= n_a; i++) {
    row[0] = i;
    for (size_t j = 1; j <= n_b; j++) {
      row[j] = least(least(last[j] + 1, row[j - 1] + 1), last[j - 1] + !same(a[i - 1], b[j - 1]));
      if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
        row[j] = least(row[j], before[j - 2] + 1);
    }
    size_t *free_row = before;
    before = last;
    last = row;
    row = free_row;
  }
  return last[n_b];
}

const char *floe__suggest(const char *word, size_t n, const char *(*name)(const void *names, size_t k),
                          const void *names) {
  const size_t length = strlen(word);
  if (length > LONGEST) return NULL;
  const size_t tolerance = length < 6 ? 1 : length / 3;
  const char *nearest = NULL;
  size_t smallest = tolerance + 1;
  for (size_t k = 0; k < n; k++) {
    const char *candidate = name(names, k);
    const size_t candidate_length = strlen(candidate);
    if (candidate_length > LONGEST) continue;
    const size_t d = distance(word, length, candidate, candidate_length);
    if (d < smallest) {
      smallest = d;
      nearest = candidate;
    }
  }
  return nearest;
}

void floe__suggest_fix(const char *suggestion, const char *otherwise, char *fix, size_t capacity) {
  if (suggestion)
    snprintf(fix, capacity, "did you mean '%s'?", suggestion);
  else
    snprintf(fix, capacity, "%s", otherwise);
}
