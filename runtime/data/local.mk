runtime_sources += \
  runtime/data/layout.c runtime/data/layout.h \
  runtime/data/suggest.c runtime/data/suggest.h \
  runtime/data/universe.c runtime/data/universe.h
