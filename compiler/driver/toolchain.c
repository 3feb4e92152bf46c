#include "compiler/driver/toolchain.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "compiler/driver/configured.h"
#include "compiler/driver/locate.h"
#include "compiler/driver/process.h"

#define WORDS_MAX 64
#define FILE_LIMIT ((size_t)1 << 30)
#define CACHE_SECONDS ((time_t)30 * 24 * 3600)
#define KEY_DIGITS 32

/* ---- the compiler ---- */

/* Splits at spaces; `words` ends with NULL. */
static size_t split(struct floe__arena *arena, const char *text, const char **words, size_t most) {
  size_t n = 0;
  text += strspn(text, " \t");
  while (*text && n + 1 < most) {
    size_t length = strcspn(text, " \t");
    words[n++] = floe__arena_copy(arena, text, length);
    text += length;
    text += strspn(text, " \t");
  }
  words[n] = NULL;
  return n;
}

static bool try_compiler(struct floe__arena *arena, const char *command, struct toolchain *found) {
  const char **words = floe__arena_array(arena, WORDS_MAX + 2, sizeof *words);
  size_t n = split(arena, command, words, WORDS_MAX);
  struct floe__text output = {0};
  int status = 127;
  if (n == 0) return false;
  words[n] = "--version";
  bool works = process_run(words, &output, &status, NULL) == FLOE_OK && status == 0;
  words[n] = NULL;
  const char *text = output.data ? output.data : "";
  *found = (struct toolchain){words, n, floe__arena_copy(arena, text, strcspn(text, "\n"))};
  floe__text_free(&output);
  return works;
}

floe_status toolchain_find(struct floe__arena *arena, struct toolchain *found, struct floe_error *error) {
  const char *const commands[] = {FLOE_CC, "cc", "gcc", "clang"};
  const char *wanted = getenv("CC");
  if (wanted && *wanted) {
    if (try_compiler(arena, wanted, found)) return FLOE_OK;
    return floe__fail(error, FLOE_EENVIRONMENT, "CC", "let CC name a C compiler, or unset it",
                      "the C compiler `%.100s` that CC names cannot be run", wanted);
  }
  for (size_t k = 0; k < sizeof commands / sizeof commands[0]; k++) {
    if (try_compiler(arena, commands[k], found)) return FLOE_OK;
  }
  return floe__fail(error, FLOE_EENVIRONMENT, "", "install one (Debian: apt-get install gcc libc6-dev), or let CC name it",
                    "there is no C compiler on PATH");
}

/* ---- the cache ---- */

static bool writeable(const char *folder) {
  return floe__folder_make(folder, NULL) == FLOE_OK && access(folder, W_OK | X_OK) == 0;
}

floe_status toolchain_cache(struct floe__arena *arena, const char *fallback, const char **folder, struct floe_error *error) {
  const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  *folder = NULL;
  if (cache && *cache == '/') {
    *folder = floe__arena_printf(arena, "%s/floe", cache);
  } else if (home && *home == '/') {
    *folder = floe__arena_printf(arena, "%s/.cache/floe", home);
  }
  if (*folder && writeable(*folder)) return FLOE_OK;
  *folder = fallback;
  return floe__folder_make(fallback, error);
}

/* Programs that nobody used for a month, and what killed compilations left, make room. */
static void trim_cache(struct floe__arena *arena, const char *folder) {
  DIR *entries = opendir(folder);
  time_t oldest = time(NULL) - CACHE_SECONDS;
  if (!entries) return;
  for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
    struct stat status;
    if (strspn(entry->d_name, "0123456789abcdef") < KEY_DIGITS) continue;
    const char *path = floe__arena_printf(arena, "%s/%s", folder, entry->d_name);
    if (stat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_mtime < oldest) unlink(path);
  }
  closedir(entries);
}

static void mix_text(const char *text, uint64_t *hash) {
  *hash = floe__hash(text, strlen(text), *hash);
}

/* A home folder may be shared by machines of several kinds, and programs are compiled for the one at hand. */
static void mix_processor(uint64_t *hash) {
  FILE *file = fopen("/proc/cpuinfo", "r");
  char line[4096];
  if (!file) return;
  while (fgets(line, sizeof line, file)) {
    if (strncmp(line, "flags", 5) && strncmp(line, "Features", 8)) continue;
    mix_text(line, hash);
    break;
  }
  fclose(file);
}

static floe_status key_of(const struct compile_request *request, const struct toolchain *toolchain, uint64_t key[2],
                          struct floe_error *error) {
  char *archive;
  size_t length;
  floe_status status = floe__file_read(request->home->libfloe, FILE_LIMIT, &archive, &length, error);
  if (status) return status;
  for (size_t k = 0; k < 2; k++) {
    key[k] = floe__hash(archive, length, k);
    key[k] = floe__hash(request->code, request->length, key[k]);
    for (size_t word = 0; word < toolchain->n_compiler; word++) mix_text(toolchain->compiler[word], &key[k]);
    mix_text(toolchain->version, &key[k]);
    mix_text(FLOE_STUDY_CFLAGS " " FLOE_STUDY_LIBRARIES, &key[k]);
    mix_processor(&key[k]);
  }
  floe__free(archive);
  return FLOE_OK;
}

/* ---- compiling ---- */

static const char **command_of(struct floe__arena *arena, const struct compile_request *request,
                               const struct toolchain *toolchain, const char *output) {
  const char **words = floe__arena_array(arena, 5 * WORDS_MAX, sizeof *words);
  size_t n = 0;
  for (size_t k = 0; k < toolchain->n_compiler; k++) words[n++] = toolchain->compiler[k];
  n += split(arena, FLOE_STUDY_CFLAGS, words + n, WORDS_MAX);
  words[n++] = "-I";
  words[n++] = request->home->headers;
  words[n++] = "-o";
  words[n++] = output;
  words[n++] = request->code_path;
  for (size_t k = 0; k < request->n_foreign && k < WORDS_MAX; k++) words[n++] = request->foreign[k];
  words[n++] = request->home->libfloe;
  split(arena, FLOE_STUDY_LIBRARIES, words + n, WORDS_MAX);
  return words;
}

static floe_status compile(struct floe__arena *arena, const struct compile_request *request, const struct toolchain *toolchain,
                           const char *target, const char **messages, struct floe_error *error) {
  const char *temporary = floe__arena_printf(arena, "%s.%ld.tmp", target, (long)getpid());
  struct floe__text output = {0};
  int exit_status = 0;
  floe_status status = process_run(command_of(arena, request, toolchain, temporary), &output, &exit_status, error);
  if (!status && exit_status) {
    *messages = output.data ? floe__arena_copy(arena, output.data, output.length) : "";
    status = floe__fail(error, FLOE_EENVIRONMENT, request->code_path, "`floe doctor` looks at the compiler and its libraries",
                        "`%.60s` could not compile the study (exit status %d)", toolchain->compiler[0], exit_status);
  }
  if (!status && rename(temporary, target) != 0) {
    status = floe__fail(error, FLOE_EENVIRONMENT, target, "", "cannot write the program: %s", strerror(errno));
  }
  if (status) unlink(temporary);
  floe__text_free(&output);
  return status;
}

/* The program is a second name of the cached file, or a copy where the file systems differ. */
static floe_status place(struct floe__arena *arena, const char *cached, const char *program, struct floe_error *error) {
  const char *temporary = floe__arena_printf(arena, "%s.%ld.tmp", program, (long)getpid());
  if (link(cached, temporary) != 0) {
    char *data;
    size_t length;
    floe_status status = floe__file_read(cached, FILE_LIMIT, &data, &length, error);
    if (status) return status;
    status = floe__file_write(temporary, data, length, error);
    floe__free(data);
    if (status) return status;
    chmod(temporary, 0755);
  }
  int problem = rename(temporary, program) == 0 ? 0 : errno;
  unlink(temporary); /* rename leaves both names alone where they are the same file already */
  if (problem) return floe__fail(error, FLOE_EENVIRONMENT, program, "", "cannot write the program: %s", strerror(problem));
  return FLOE_OK;
}

/* Reading the generated C should not make it look newer than it is. */
static floe_status write_if_changed(const char *path, const char *text, size_t length, struct floe_error *error) {
  char *before;
  size_t n;
  if (floe__file_read(path, FILE_LIMIT, &before, &n, NULL) == FLOE_OK) {
    bool same = n == length && !memcmp(before, text, n);
    floe__free(before);
    if (same) return FLOE_OK;
  }
  return floe__file_write(path, text, length, error);
}

floe_status toolchain_compile(struct floe__arena *arena, const struct compile_request *request, bool *cached,
                              const char **messages, struct floe_error *error) {
  struct toolchain toolchain;
  const char *cache;
  uint64_t key[2];
  *messages = NULL;
  *cached = false;
  floe_status status = floe__folder_make(request->folder, error);
  if (!status) status = write_if_changed(request->code_path, request->code, request->length, error);
  if (!status) status = toolchain_find(arena, &toolchain, error);
  if (!status) status = key_of(request, &toolchain, key, error);
  if (!status) status = toolchain_cache(arena, floe__arena_printf(arena, "%s/cache", request->folder), &cache, error);
  if (status) return status;
  const char *target = floe__arena_printf(arena, "%s/%016jx%016jx", cache, (uintmax_t)key[0], (uintmax_t)key[1]);
  *cached = access(target, X_OK) == 0;
  if (*cached) {
    utimensat(AT_FDCWD, target, NULL, 0); /* used now: see trim_cache */
  } else {
    status = compile(arena, request, &toolchain, target, messages, error);
    trim_cache(arena, cache);
  }
  return status ? status : place(arena, target, request->program, error);
}
