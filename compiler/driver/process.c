#include "compiler/driver/process.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

extern char **environ;

static void read_until_closed(int descriptor, struct floe__text *output) {
  char buffer[4096];
  for (;;) {
    ssize_t n = read(descriptor, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    floe__text_append(output, buffer, (size_t)n);
  }
}

static int spawn(const char *const *argv, int output, pid_t *child) {
  posix_spawn_file_actions_t actions;
  int problem = posix_spawn_file_actions_init(&actions);
  if (problem) return problem;
  problem = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (!problem) problem = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  if (!problem) problem = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  /* POSIX takes the strings as char * for historical reasons and does not write to them. */
  if (!problem) problem = posix_spawnp(child, argv[0], &actions, NULL, (char *const *)argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  return problem;
}

floe_status process_run(const char *const *argv, struct floe__text *output, int *exit_status, struct floe_error *error) {
  int ends[2];
  pid_t child;
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return floe__fail(error, FLOE_EENVIRONMENT, argv[0], "", "cannot start the program: %s", strerror(errno));
  }
  int problem = spawn(argv, ends[1], &child);
  close(ends[1]);
  if (!problem) read_until_closed(ends[0], output);
  close(ends[0]);
  *exit_status = 127;
  if (problem == ENOENT || problem == EACCES || problem == ENOTDIR || problem == ENOEXEC) return FLOE_OK;
  if (problem) return floe__fail(error, FLOE_EENVIRONMENT, argv[0], "", "cannot start the program: %s", strerror(problem));
  int status;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return floe__fail(error, FLOE_EENVIRONMENT, argv[0], "", "lost the program: %s", strerror(errno));
  }
  *exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return FLOE_OK;
}
