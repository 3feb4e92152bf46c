runtime_sources += \
  runtime/rng/bulk.c runtime/rng/bulk.h \
  runtime/rng/draws.c \
  runtime/rng/purpose.h \
  runtime/rng/stream.c \
  runtime/rng/threefry.c runtime/rng/threefry.h
