runtime_sources += \
  runtime/elicit/elicit.c runtime/elicit/elicit.h \
  runtime/elicit/implied.c runtime/elicit/implied.h \
  runtime/elicit/search.c runtime/elicit/search.h
check_PROGRAMS += tests/unit/test_elicit
