compiler_sources += compiler/graph/graph.h compiler/graph/construct.h compiler/graph/table.h \
  compiler/graph/graph.c compiler/graph/construct.c compiler/graph/arrays.c compiler/graph/substitute.c \
  compiler/graph/print.c compiler/graph/verify.c
