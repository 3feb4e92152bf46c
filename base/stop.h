/* stop.h: Ctrl-C as a question that long loops ask. */
#ifndef FLOE_BASE_STOP_H
#define FLOE_BASE_STOP_H

#include <stdbool.h>

void floe__stop_install(void);   /* SIGINT and SIGTERM: the first sets the flag, the second ends the process with 130 */
bool floe__stop_requested(void); /* safe from any thread */

#endif
