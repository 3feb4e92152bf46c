/* For x86-64 processors with AVX2 and FMA. */
#include "runtime/nn/panel_target_v3.h"

#define PANEL_SET floe__panel_v3
#define PANEL_NAME "avx2"
#include "runtime/nn/panel_functions.h"
