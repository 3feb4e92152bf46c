/* figures.h: the figures of a report, as inline SVG. Each reads the `result` object of results.h. */
#ifndef FLOE_REPORT_FIGURES_H
#define FLOE_REPORT_FIGURES_H

#include <jansson.h>
#include <stddef.h>

struct floe__text;

/* The specification curve of one quantity: universes in the order of their medians, 90% intervals, coloured by how the
 * answer was obtained; below, the trust row and which option each axis takes. */
void figure_specification(struct floe__text *out, const json_t *result, size_t quantity);

/* The same for the probability of a claim. */
void figure_claim(struct floe__text *out, const json_t *result, size_t claim);

/* Per axis, how far the posterior mean moves between universes that differ in that axis only, against the noise floor. */
void figure_effects(struct floe__text *out, const json_t *result, size_t quantity);

/* Simulation-based calibration: rank ECDF minus uniform, with simultaneous 95% bands. */
void figure_calibration(struct floe__text *out, const json_t *quantity);

/* Training and validation loss against simulations. */
void figure_training(struct floe__text *out, const json_t *network);

#endif
