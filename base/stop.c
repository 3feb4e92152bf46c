#include "base/stop.h"

#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

/* A signal handler has no parameter to carry a context: this flag is the one mutable global of the project. */
static atomic_int requested;

static void on_signal(int signal_number) {
  (void)signal_number;
  if (atomic_fetch_add(&requested, 1) > 0) _exit(130);
}

void floe__stop_install(void) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

bool floe__stop_requested(void) {
  return atomic_load_explicit(&requested, memory_order_relaxed) > 0;
}
