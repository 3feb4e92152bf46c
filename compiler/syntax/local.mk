compiler_sources += \
  compiler/syntax/build.c compiler/syntax/build.h \
  compiler/syntax/copy.c compiler/syntax/copy.h \
  compiler/syntax/doubt.c compiler/syntax/doubt.h \
  compiler/syntax/dump.c \
  compiler/syntax/elicited.c compiler/syntax/elicited.h \
  compiler/syntax/layout.c compiler/syntax/layout.h \
  compiler/syntax/modules.c \
  compiler/syntax/overrides.c compiler/syntax/overrides.h \
  compiler/syntax/parse.c compiler/syntax/parse.h \
  compiler/syntax/part.c compiler/syntax/parts.c compiler/syntax/parts.h compiler/syntax/parts_parts.h \
  compiler/syntax/print_expr.c compiler/syntax/printer.c compiler/syntax/printer.h \
  compiler/syntax/tokens.c compiler/syntax/tokens.h \
  compiler/syntax/tree.c compiler/syntax/tree.h \
  compiler/syntax/universe.c compiler/syntax/universe.h
check_PROGRAMS += tests/unit/test_syntax
