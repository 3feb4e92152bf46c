compiler_sources += \
  compiler/emit/emit.c compiler/emit/emit.h \
  compiler/emit/expressions.c compiler/emit/frame.c compiler/emit/functions.c \
  compiler/emit/identifiers.c compiler/emit/identifiers.h \
  compiler/emit/prototypes.c compiler/emit/tables.c compiler/emit/writer.h

# Generated code is loaded into the test and finds the runtime's functions there.
check_PROGRAMS += tests/unit/test_emit
tests_unit_test_emit_LDFLAGS = $(AM_LDFLAGS) -rdynamic
tests_unit_test_emit_LDADD = $(LDADD) -ldl
