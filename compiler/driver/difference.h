/* difference.h: two texts as a unified diff. */
#ifndef FLOE_DRIVER_DIFFERENCE_H
#define FLOE_DRIVER_DIFFERENCE_H

struct floe__arena;
struct floe__text;

/* Appends nothing where the texts are the same. Lines between the first and the last that differ are compared by their longest
 * common subsequence as long as that is affordable, and shown as replaced altogether otherwise. */
void difference_print(struct floe__arena *arena, const char *old_name, const char *old_text, const char *new_name,
                      const char *new_text, struct floe__text *out);

#endif
