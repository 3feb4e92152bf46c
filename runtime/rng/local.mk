runtime_sources += \
  runtime/rng/bulk.c runtime/rng/bulk.h \
  runtime/rng/draws.c \
  runtime/rng/first_passage.c \
  runtime/rng/purpose.h \
  runtime/rng/stream.c \
  runtime/rng/threefry.c runtime/rng/threefry.h

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_rng tests/stat/test_draws
endif
