/* schedule.h: graph -> loop program.
 *
 * Where things go. A node is computed in the outermost loop that its free binders allow, inside the branch that needs
 * it, or before the switch if every branch needs it. Maps are computed in place where an enclosing loop asks for the
 * current element, else they fill an array. Loops over the same binder that do not wait for each other become one
 * loop, switches on the same axis become one switch. A switch that stood in a loop is taken out of it: the loop is
 * repeated in each branch, with the choice made (up to a limit on the growth). */
#ifndef FLOE_PROGRAM_SCHEDULE_H
#define FLOE_PROGRAM_SCHEDULE_H

#include "compiler/program/routine.h"

/* The routine of one interpretation of the study. */
struct routine *schedule_routine(struct floe__arena *arena, const struct study *study, enum interpretation_kind kind);

/* The log density in universe coordinates only, as gradients are wanted. */
struct routine *schedule_universe_density(struct floe__arena *arena, const struct study *study);

#endif
