compiler_sources += \
  compiler/emit/emit.c compiler/emit/emit.h \
  compiler/emit/expressions.c compiler/emit/frame.c compiler/emit/functions.c \
  compiler/emit/identifiers.c compiler/emit/identifiers.h \
  compiler/emit/prototypes.c compiler/emit/tables.c compiler/emit/writer.h
