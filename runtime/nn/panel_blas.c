/* For every processor: products by BLAS. */
#define PANEL_SET floe__panel_blas
#define PANEL_NAME "blas"
#define PANEL_RUNS true
#define PANEL_BY_BLAS 1
#include "runtime/nn/panel_functions.h"
