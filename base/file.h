/* file.h: whole files, written atomically (temporary file in the same folder, fsync, rename), read with a size limit,
 * and checksummed. Full disks, read-only folders and the like become FLOE_EENVIRONMENT with the path in `where`. */
#ifndef FLOE_BASE_FILE_H
#define FLOE_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

FLOE_NODISCARD floe_status floe__file_write(const char *path, const void *data, size_t length,
                                            struct floe_error *error);

/* The same piece by piece: begin, add any number of times, end. What fails is told at the end; until then the old file
 * stays. */
struct floe__file_parts {
  const char *path; /* the caller's, until the end */
  char *temporary;
  int descriptor, problem;
};
void floe__file_begin(const char *path, struct floe__file_parts *parts);
void floe__file_add(struct floe__file_parts *parts, const void *data, size_t length);
FLOE_NODISCARD floe_status floe__file_end(struct floe__file_parts *parts, struct floe_error *error);

/* *data is NUL-terminated, owned by the caller (floe__free). A missing file is FLOE_EARTIFACT. */
FLOE_NODISCARD floe_status floe__file_read(const char *path, size_t limit, char **data, size_t *length,
                                           struct floe_error *error);

bool floe__file_exists(const char *path);
FLOE_NODISCARD floe_status floe__folder_make(const char *path, struct floe_error *error); /* with parents; existing is fine */

/* XXH3, 64 bits. */
uint64_t floe__hash(const void *data, size_t length, uint64_t seed);

/* A checksummed container for binary artifacts: magic (8 bytes), version, payload length, payload, XXH3 of all before.
 * Reading checks all of it and says which part is wrong (FLOE_EARTIFACT). */
FLOE_NODISCARD floe_status floe__artifact_write(const char *path, const char magic[8], uint32_t version, const void *payload,
                                                size_t length, struct floe_error *error);
FLOE_NODISCARD floe_status floe__artifact_read(const char *path, const char magic[8], uint32_t version, void **payload,
                                               size_t *length, struct floe_error *error);

#endif
