compiler_sources += \
  compiler/emit/emit.c compiler/emit/emit.h \
  compiler/emit/expressions.c compiler/emit/frame.c compiler/emit/functions.c \
  compiler/emit/identifiers.c compiler/emit/identifiers.h \
  compiler/emit/lanes.c compiler/emit/packs.c compiler/emit/prototypes.c compiler/emit/nodes.c compiler/emit/nodes.h compiler/emit/systems.c compiler/emit/simulators.c compiler/emit/tables.c compiler/emit/writer.h

check_PROGRAMS += tests/unit/test_emit

# Generated code is loaded into the test and finds the runtime's functions there.
check_PROGRAMS += tests/unit/test_generated
tests_unit_test_generated_LDFLAGS = $(WHOLE_RUNTIME)
tests_unit_test_generated_LDADD = $(LDADD) -ldl
EXTRA_DIST += tests/data/specs/arrays.floe tests/data/specs/grouped.floe tests/data/specs/no_axes.floe \
  tests/data/specs/library.floe tests/data/specs/odds.floe tests/data/specs/series.floe tests/data/specs/systems.floe
