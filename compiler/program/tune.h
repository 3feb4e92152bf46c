/* tune.h: makes gradients cheaper without changing what they compute. */
#ifndef FLOE_PROGRAM_TUNE_H
#define FLOE_PROGRAM_TUNE_H

#include "compiler/program/routine.h"

/* All of what follows. The result is the routine that fills the constants, NULL where there are none. */
struct routine *tune_gradient(struct routine *routine);

/* For gradients of several chains in lockstep: without tune_nests, since lanes are chains there, not elements, and what an inner
 * loop sums up is better kept at hand. */
struct routine *tune_packs(struct routine *routine);

/* Loops in long loops: what is innermost runs over the longer of two dimensions, and what stands beside them is a loop of its
 * own. Sums may come in another order. */
void tune_nests(struct routine *routine);

/* Divisions by what does not change in a loop become multiplications by its reciprocal, which is taken in front of the
 * loop. The quotient's last bit may differ. And b - a where a - b is known becomes -(a - b), so that the C compiler
 * sees what log1p_exp(a - b) and log1p_exp(b - a) have in common; it differs in the sign of a zero. */
void tune_divisions(struct routine *routine);

/* Divisions by data in loops become multiplications by reciprocals, which tune_constants then takes out. The quotient's last
 * bit may differ. */
void tune_reciprocals(struct routine *routine);

/* Sums of log1p_exp over loops that may have `many` elements: logarithms of products. */
void tune_products(struct routine *routine, size_t many);

/* Function calls, powers and sums of data and axes alone: the routine reads their values from memory of the kind
 * MEMORY_CONSTANTS; the result is the routine that fills it, NULL where there are none. */
struct routine *tune_constants(struct routine *routine);

#endif
