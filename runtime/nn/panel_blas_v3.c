/* As panel_v3.c, but with products by BLAS: only for measurements, which tell what the products are worth. */
#include "runtime/nn/panel_target_v3.h"

#define PANEL_SET floe__panel_blas_v3
#define PANEL_NAME "blas"
#define PANEL_BY_BLAS 1
#include "runtime/nn/panel_functions.h"
