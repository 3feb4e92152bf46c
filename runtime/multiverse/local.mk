runtime_sources += \
  runtime/multiverse/claims.c runtime/multiverse/claims.h \
  runtime/multiverse/effects.c runtime/multiverse/effects.h \
  runtime/multiverse/multiverse.c runtime/multiverse/multiverse.h \
  runtime/multiverse/prediction.c runtime/multiverse/prediction.h \
  runtime/multiverse/universes.c runtime/multiverse/universes.h
check_PROGRAMS += tests/unit/test_multiverse
