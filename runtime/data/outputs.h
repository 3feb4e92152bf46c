/* outputs.h: reports and claims of draws. A report that is a code (`argmax(theta)`) becomes a truth value per element that it
 * may name, so that its mean is a probability: the average of codes would mean nothing. */
#ifndef FLOE_DATA_OUTPUTS_H
#define FLOE_DATA_OUTPUTS_H

#include <floe/model.h>
#include <stdbool.h>

struct floe_dataset;

/* How many outputs each element of a report takes: the number of elements that a code may name, else 1. */
size_t floe_report_width(const struct floe_layout *layout, size_t report);

/* values (n, n_value) -> outputs (n, n_output), as model->report, codes made into truth values. */
void floe_outputs(const struct floe_context *context, size_t n, const double *values, double *outputs, double *scratch);

/* The code, from 1, that truth values (width) stand for; NaN if they are NaN. */
double floe_output_code(size_t width, const double *truths);

/* The name of output k among the reports: "mu", "theta[A]", "best=A". Writes as snprintf does; dataset may be NULL. */
size_t floe_output_name(const struct floe_layout *layout, const struct floe_dataset *dataset, size_t k, char *text,
                        size_t capacity);

#endif
