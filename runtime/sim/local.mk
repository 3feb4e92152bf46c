runtime_sources += \
  runtime/sim/predict.c \
  runtime/sim/simulate.c runtime/sim/simulate.h \
  runtime/sim/gaps.c runtime/sim/gaps.h runtime/sim/sizes.c runtime/sim/sizes.h

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_simulate
tests_unit_test_simulate_LDADD = libtestsupport.a $(LDADD)
endif
