floeincludedir = $(includedir)/floe
floeinclude_HEADERS = runtime/include/floe/draws.h runtime/include/floe/lane_functions.h runtime/include/floe/lanes.h runtime/include/floe/model.h runtime/include/floe/ode.h runtime/include/floe/ode_packs.h runtime/include/floe/ode_steps.h runtime/include/floe/packs.h


include runtime/rng/local.mk
include runtime/math/local.mk
include runtime/data/local.mk
include runtime/sim/local.mk
include runtime/nn/local.mk
include runtime/flow/local.mk
include runtime/summary/local.mk
include runtime/train/local.mk
include runtime/mcmc/local.mk
include runtime/trust/local.mk
include runtime/multiverse/local.mk
include runtime/elicit/local.mk
include runtime/report/local.mk
include runtime/study/local.mk
