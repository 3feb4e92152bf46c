compiler_sources += compiler/graph/graph.h compiler/graph/binders.h compiler/graph/construct.h compiler/graph/interpret.h compiler/graph/table.h \
  compiler/graph/graph.c compiler/graph/construct.c compiler/graph/arrays.c compiler/graph/substitute.c \
  compiler/graph/interpret.c compiler/graph/print.c compiler/graph/verify.c
check_PROGRAMS += tests/unit/test_graph
