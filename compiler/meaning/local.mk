compiler_sources += \
  compiler/meaning/axes.c \
  compiler/meaning/branches.c \
  compiler/meaning/calls.c \
  compiler/meaning/check.c compiler/meaning/check.h compiler/meaning/checker.h \
  compiler/meaning/constants.c \
  compiler/meaning/definitions.c \
  compiler/meaning/distributions.c \
  compiler/meaning/dists.c \
  compiler/meaning/dump.c \
  compiler/meaning/elicitation.c \
  compiler/meaning/expressions.c compiler/meaning/extents.c \
  compiler/meaning/library.c \
  compiler/meaning/left_out.c compiler/meaning/lint.c compiler/meaning/lint_priors.c \
  compiler/meaning/loops.c \
  compiler/meaning/mixtures.c \
  compiler/meaning/modified.c compiler/meaning/modified.h \
  compiler/meaning/names.c \
  compiler/meaning/order.c compiler/meaning/outputs.c compiler/meaning/packed_outputs.c \
  compiler/meaning/powers.c compiler/meaning/presence.c \
  compiler/meaning/recurrences.c compiler/meaning/recurrences.h compiler/meaning/completed.c compiler/meaning/discrete.c compiler/meaning/early.c compiler/meaning/locals.c \
  compiler/meaning/scope.c \
  compiler/meaning/acts.c compiler/meaning/making.h compiler/meaning/simulators.c \
  compiler/meaning/simulator_body.c compiler/meaning/simulator_values.c \
  compiler/meaning/statements.c compiler/meaning/step_values.c \
  compiler/meaning/structures.c compiler/meaning/summaries.c \
  compiler/meaning/systems.c \
  compiler/meaning/terms.c \
  compiler/meaning/typed.h \
  compiler/meaning/types.c \
  compiler/meaning/variables.c
check_PROGRAMS += tests/unit/test_meaning
