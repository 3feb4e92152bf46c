compiler_sources += compiler/passes/passes.h compiler/passes/lower.h compiler/passes/derive.h compiler/passes/derivative.h \
  compiler/passes/identical.c compiler/passes/network.c compiler/passes/sufficient.c \
  compiler/passes/lower.c compiler/passes/lower_steps.c compiler/passes/steps.c compiler/passes/summed.c \
  compiler/passes/family.c compiler/passes/coordinates.c compiler/passes/density.c \
  compiler/passes/simulate.c compiler/passes/stored.c compiler/passes/structured.c \
  compiler/passes/derive.c compiler/passes/blueprint.c compiler/passes/derivative.c \
  compiler/passes/system.c compiler/passes/system.h compiler/passes/simulator.c compiler/passes/simulator.h
check_PROGRAMS += tests/unit/test_derive
check_PROGRAMS += tests/unit/test_summed
