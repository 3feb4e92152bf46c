/* adjoint.h: reverse-mode differentiation, loop program -> loop program.
 *
 * Why here and not from graph to graph: in a program with stores, a gather becomes a scatter, a recurrence a loop that
 * runs backwards over the states that the forward loop stored, and a choice stays a switch; nothing needs a rule of
 * its own.
 *
 * The forward sweep computes what later steps need; the reverse sweep runs the steps backwards. In it a loop computes
 * its locals anew and adds to the adjoints of what stands outside. What only adds to the log density (adjoint 1, known
 * beforehand) is left out of the forward sweep: its value and its derivatives come from the one loop of the reverse
 * sweep. Only what depends on coordinates has adjoints. Derivatives of library functions are the library's own. */
#ifndef FLOE_PROGRAM_ADJOINT_H
#define FLOE_PROGRAM_ADJOINT_H

#include "compiler/program/routine.h"

/* The log density and its gradient by the coordinates of the universe. */
struct routine *adjoint_routine(struct floe__arena *arena, const struct study *study);

#endif
