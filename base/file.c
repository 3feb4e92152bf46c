#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/memory.h"

#define HEADER_BYTES ((size_t)20) /* magic 8, version 4, payload length 8 */
#define CHECKSUM_BYTES ((size_t)8)

uint64_t floe__hash(const void *data, size_t length, uint64_t seed) {
  return XXH3_64bits_withSeed(length ? data : "", length, seed);
}

bool floe__file_exists(const char *path) {
  struct stat status;
  return stat(path, &status) == 0;
}

static floe_status system_error(struct floe_error *error, const char *path, const char *what, int number) {
  const char *fix = "check the path and its permissions";
  if (number == ENOSPC || number == EDQUOT) fix = "free some disk space and run the same command again";
  if (number == EROFS || number == EACCES || number == EPERM) fix = "choose a folder that can be written with --output";
  return floe__fail(error, FLOE_EENVIRONMENT, path, fix, "cannot %s: %s", what, strerror(number));
}

/* ---- writing ---- */

static bool write_all(int descriptor, const char *data, size_t length) {
  while (length) {
    ssize_t written = write(descriptor, data, length);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    data += written;
    length -= (size_t)written;
  }
  return true;
}

/* The rename itself must reach the disk too. Some file systems cannot sync folders; that is no reason to fail. */
static void sync_folder_of(const char *path) {
  char folder[PATH_MAX];
  const char *slash = strrchr(path, '/');
  int length = slash == path ? 1 : (int)(slash ? slash - path : 1);
  snprintf(folder, sizeof folder, "%.*s", length, slash ? path : ".");
  int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  (void)fsync(descriptor);
  close(descriptor);
}

/* A new file beside `path`. The name holds the process id, and a number in case a killed process of the same id left one. */
static int open_temporary(const char *path, char *temporary) {
  for (int attempt = 0; attempt < 100; attempt++) {
    int length = snprintf(temporary, PATH_MAX, "%s.%ld-%d.tmp", path, (long)getpid(), attempt);
    if (length < 0 || length >= PATH_MAX) {
      errno = ENAMETOOLONG;
      return -1;
    }
    int descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0 || errno != EEXIST) return descriptor;
  }
  return -1;
}

void floe__file_begin(const char *path, struct floe__file_parts *parts) {
  *parts = (struct floe__file_parts){.path = path, .temporary = floe__new(PATH_MAX, 1), .descriptor = -1};
  if (parts->temporary) parts->descriptor = open_temporary(path, parts->temporary);
  if (parts->descriptor < 0) parts->problem = parts->temporary ? errno : ENOMEM;
}

void floe__file_add(struct floe__file_parts *parts, const void *data, size_t length) {
  if (!parts->problem && !write_all(parts->descriptor, data, length)) parts->problem = errno;
}

floe_status floe__file_end(struct floe__file_parts *parts, struct floe_error *error) {
  const char *path = parts->path;
  int problem = parts->problem;
  if (parts->descriptor >= 0) {
    if (!problem && fsync(parts->descriptor) != 0) problem = errno;
    if (close(parts->descriptor) != 0 && !problem) problem = errno;
    if (!problem && rename(parts->temporary, path) != 0) problem = errno;
    if (problem) unlink(parts->temporary);
  }
  floe__free(parts->temporary);
  *parts = (struct floe__file_parts){.descriptor = -1};
  if (problem) return system_error(error, path, "write the file", problem);
  sync_folder_of(path);
  return FLOE_OK;
}

floe_status floe__file_write(const char *path, const void *data, size_t length, struct floe_error *error) {
  struct floe__file_parts parts;
  floe__file_begin(path, &parts);
  floe__file_add(&parts, data, length);
  return floe__file_end(&parts, error);
}

floe_status floe__folder_make(const char *path, struct floe_error *error) {
  char part[PATH_MAX];
  size_t length = strlen(path);
  if (length >= sizeof part) return system_error(error, path, "make the folder", ENAMETOOLONG);
  for (size_t k = 1; k <= length; k++) {
    if (path[k] != '/' && path[k] != '\0') continue;
    memcpy(part, path, k);
    part[k] = '\0';
    if (mkdir(part, 0777) == 0) continue;
    int number = errno;
    struct stat status;
    if (stat(part, &status) != 0) return system_error(error, path, "make the folder", number);
    if (!S_ISDIR(status.st_mode)) return system_error(error, path, "make the folder", ENOTDIR);
  }
  return FLOE_OK;
}

/* ---- reading ---- */

static floe_status read_all(int descriptor, const char *path, size_t limit, size_t expected, char **data, size_t *length,
                            struct floe_error *error) {
  size_t capacity = expected + 2, used = 0; /* a NUL, and a byte more so that the end is seen without growing */
  char *buffer = floe__new(capacity, 1);
  if (!buffer) return floe__fail(error, FLOE_EENVIRONMENT, path, "", "not enough memory to read the file");
  for (;;) {
    if (used == capacity - 1) {
      char *grown = floe__resize(buffer, used, 2 * capacity + 4096, 1);
      if (!grown) {
        floe__free(buffer);
        return floe__fail(error, FLOE_EENVIRONMENT, path, "", "not enough memory to read the file");
      }
      buffer = grown;
      capacity = 2 * capacity + 4096;
    }
    ssize_t n = read(descriptor, buffer + used, capacity - 1 - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      int number = errno;
      floe__free(buffer);
      return system_error(error, path, "read the file", number);
    }
    if (n == 0) break;
    used += (size_t)n;
    if (used > limit) {
      floe__free(buffer);
      return floe__fail(error, FLOE_EDATA, path, "", "the file is larger than %zu bytes", limit);
    }
  }
  buffer[used] = '\0';
  *data = buffer;
  *length = used;
  return FLOE_OK;
}

floe_status floe__file_read(const char *path, size_t limit, char **data, size_t *length, struct floe_error *error) {
  *data = NULL;
  *length = 0;
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    int number = errno;
    if (number == ENOENT || number == ENOTDIR) {
      return floe__fail(error, FLOE_EARTIFACT, path, "check the name", "there is no such file");
    }
    return system_error(error, path, "read the file", number);
  }
  struct stat status;
  size_t expected = 0;
  if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) {
    expected = (uintmax_t)status.st_size > limit ? limit : (size_t)status.st_size;
  }
  floe_status result = read_all(descriptor, path, limit, expected, data, length, error);
  close(descriptor);
  return result;
}

/* ---- checksummed artifacts; numbers are little-endian ---- */

static void put_number(unsigned char *at, uint64_t number, size_t n_byte) {
  for (size_t k = 0; k < n_byte; k++) at[k] = (unsigned char)(number >> (8 * k));
}

static uint64_t get_number(const unsigned char *at, size_t n_byte) {
  uint64_t number = 0;
  for (size_t k = 0; k < n_byte; k++) number |= (uint64_t)at[k] << (8 * k);
  return number;
}

floe_status floe__artifact_write(const char *path, const char magic[8], uint32_t version, const void *payload, size_t length,
                                 struct floe_error *error) {
  size_t total;
  unsigned char *file = NULL;
  if (!__builtin_add_overflow(length, HEADER_BYTES + CHECKSUM_BYTES, &total)) file = floe__new(total, 1);
  if (!file) return floe__fail(error, FLOE_EENVIRONMENT, path, "", "not enough memory to write the file");
  memcpy(file, magic, 8);
  put_number(file + 8, version, 4);
  put_number(file + 12, length, 8);
  if (length) memcpy(file + HEADER_BYTES, payload, length);
  put_number(file + HEADER_BYTES + length, floe__hash(file, HEADER_BYTES + length, 0), 8);
  floe_status status = floe__file_write(path, file, total, error);
  floe__free(file);
  return status;
}

static floe_status artifact_check(const unsigned char *file, size_t n_byte, const char magic[8], uint32_t version,
                                  const char *path, struct floe_error *error) {
  const char *again = "remove it and run the command that makes it again";
  if (n_byte < 8 || memcmp(file, magic, 8) != 0) {
    return floe__fail(error, FLOE_EARTIFACT, path, again, "this is not the kind of file that was expected");
  }
  if (n_byte < HEADER_BYTES + CHECKSUM_BYTES) {
    return floe__fail(error, FLOE_EARTIFACT, path, again, "the file is truncated: its header is incomplete");
  }
  uint64_t length = get_number(file + 12, 8), present = n_byte - HEADER_BYTES - CHECKSUM_BYTES;
  if (length > present) {
    return floe__fail(error, FLOE_EARTIFACT, path, again, "the file is truncated: %ju of %ju bytes of content are left",
                      (uintmax_t)present, (uintmax_t)length);
  }
  if (length < present) return floe__fail(error, FLOE_EARTIFACT, path, again, "the file has bytes behind its end");
  if (get_number(file + n_byte - CHECKSUM_BYTES, 8) != floe__hash(file, n_byte - CHECKSUM_BYTES, 0)) {
    return floe__fail(error, FLOE_EARTIFACT, path, again, "the file is damaged: its checksum does not match its content");
  }
  uint32_t found = (uint32_t)get_number(file + 8, 4);
  if (found != version) {
    return floe__fail(error, FLOE_EARTIFACT, path, again, "the file has format version %u, this program reads version %u",
                      (unsigned)found, (unsigned)version);
  }
  return FLOE_OK;
}

floe_status floe__artifact_read(const char *path, const char magic[8], uint32_t version, void **payload, size_t *length,
                                struct floe_error *error) {
  char *file;
  size_t n_byte;
  *payload = NULL;
  *length = 0;
  floe_status status = floe__file_read(path, SIZE_MAX / 4, &file, &n_byte, error);
  if (status) return status;
  status = artifact_check((unsigned char *)file, n_byte, magic, version, path, error);
  if (!status) {
    size_t content = n_byte - HEADER_BYTES - CHECKSUM_BYTES;
    memmove(file, file + HEADER_BYTES, content); /* keeps the block's alignment for the caller's arrays */
    file[content] = '\0';
    *payload = file;
    *length = content;
  } else {
    floe__free(file);
  }
  return status;
}
