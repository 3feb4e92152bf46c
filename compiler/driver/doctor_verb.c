#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/answer.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/text.h"
#include "compiler/driver/driver.h"
#include "compiler/driver/locate.h"
#include "compiler/driver/toolchain.h"

struct finding {
  const char *what, *detail, *fix;
  bool good;
};

static struct finding bad(struct floe__arena *arena, const char *what, const struct floe_error *error) {
  const char *detail = floe__arena_printf(arena, "%s%s%s", error->where, *error->where ? ": " : "", error->message);
  return (struct finding){what, detail, floe__arena_copy(arena, error->fix, strlen(error->fix)), false};
}

/* A whole program, with all libraries that a study links with. The model's symbols are not needed to find out. */
static const char trial[] = "#include <floe/model.h>\n#include <floe/draws.h>\nint main(void) { return FLOE_MODEL_VERSION < 1; }\n";

static struct finding compiles(struct floe__arena *arena, const struct installation *home, const char *cache) {
  struct floe_error error = {0};
  const char *folder = floe__arena_printf(arena, "%s/doctor.%ld", cache, (long)getpid()), *messages = NULL;
  struct compile_request request = {home, trial, sizeof trial - 1, floe__arena_printf(arena, "%s/trial.c", folder),
                                    floe__arena_printf(arena, "%s/trial", folder), folder, 0, NULL};
  bool cached;
  floe_status status = toolchain_compile(arena, &request, &cached, &messages, &error);
  unlink(request.code_path);
  unlink(request.program);
  rmdir(folder);
  if (!status) return (struct finding){"compiling", "a trial program compiles and links", "", true};
  struct finding finding = bad(arena, "compiling", &error);
  if (messages) finding.detail = floe__arena_printf(arena, "%s\n%s", finding.detail, messages);
  return finding;
}

static size_t look(struct floe__arena *arena, struct finding *findings) {
  struct floe_error error = {0};
  struct installation home;
  struct toolchain toolchain;
  const char *cache;
  size_t n = 0;
  bool found = locate_installation(arena, &home, &error) == FLOE_OK;
  findings[n++] = found ? (struct finding){"installation", home.libfloe, "", true} : bad(arena, "installation", &error);
  bool compiler = toolchain_find(arena, &toolchain, &error) == FLOE_OK;
  findings[n++] = compiler ? (struct finding){"compiler", toolchain.version, "", true} : bad(arena, "compiler", &error);
  bool writeable = toolchain_cache(arena, "floe-cache", &cache, &error) == FLOE_OK;
  findings[n++] = writeable ? (struct finding){"cache", cache, "", true} : bad(arena, "cache", &error);
  if (found && compiler && writeable) findings[n++] = compiles(arena, &home, cache);
  findings[n++] = (struct finding){"processors", floe__arena_printf(arena, "%zu", floe__processors()), "", true};
  return n;
}

floe_status driver_doctor(struct driver *driver, struct floe_error *error) {
  struct finding findings[8];
  size_t n = look(driver->arena, findings), n_bad = 0;
  for (size_t k = 0; k < n; k++) n_bad += !findings[k].good;
  error->status = FLOE_OK;
  if (driver->json) {
    json_t *answer = floe__answer_new("doctor", n_bad == 0, n_bad ? "fail" : "pass");
    for (size_t k = 0; k < n; k++) {
      json_object_set_new(json_object_get(answer, "result"), findings[k].what, json_string(findings[k].detail));
      if (!findings[k].good) floe__answer_warn(answer, "environment", findings[k].detail, findings[k].what, findings[k].fix);
    }
    floe__answer_print(answer, stdout);
  } else {
    printf("%s\n", n_bad ? "something is missing" : "all is well");
    for (size_t k = 0; k < n; k++) {
      printf("  %-4s %-13s %s\n", findings[k].good ? "ok" : "BAD", findings[k].what, findings[k].detail);
      if (!findings[k].good && *findings[k].fix) printf("       %s\n", findings[k].fix);
    }
  }
  return n_bad ? FLOE_EENVIRONMENT : FLOE_OK;
}
