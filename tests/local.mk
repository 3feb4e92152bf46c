check_scripts += \
  tests/documentation tests/include-order tests/run-golden \
  tests/end-to-end/driver tests/end-to-end/elicit tests/end-to-end/install tests/end-to-end/overrides \
  tests/end-to-end/posteriordb tests/end-to-end/sample tests/end-to-end/selftest tests/end-to-end/study
EXTRA_DIST += tests/run-tests $(check_scripts) tests/stat/figures.py

# Models written by hand, for tests that need one.
check_LIBRARIES += libtestsupport.a
libtestsupport_a_SOURCES = \
  tests/support/assertions.h \
  tests/support/conjugate_model.c tests/support/conjugate_model.h \
  tests/support/eight_schools_model.c tests/support/eight_schools_model.h \
  tests/support/generated.c tests/support/generated.h \
  tests/support/interpreted.c tests/support/interpreted.h \
  tests/support/loaded.c tests/support/loaded.h \
  tests/support/networks.c tests/support/networks.h \
  tests/support/normal_model.c tests/support/normal_model.h \
  tests/support/stdlib.c tests/support/stdlib.h \
  tests/support/simulated.c tests/support/simulated.h tests/support/solved.c tests/support/solved.h

# Code that a test compiles and loads finds all of the runtime in the test.
WHOLE_RUNTIME = $(AM_LDFLAGS) -rdynamic -Wl,--whole-archive,libfloe.a,--no-whole-archive

# Every distribution of the standard library.
check_PROGRAMS += tests/stat/test_distributions
tests_stat_test_distributions_SOURCES = \
  tests/stat/test_distributions.c tests/stat/distribution_settings.h tests/stat/figures.h \
  tests/stat/all_distributions.c tests/stat/all_distributions.h
tests_stat_test_distributions_LDFLAGS = $(WHOLE_RUNTIME)
tests_stat_test_distributions_LDADD = $(LDADD) -ldl

check_PROGRAMS += tests/stat/test_joint_distributions
tests_stat_test_joint_distributions_SOURCES = \
  tests/stat/test_joint_distributions.c \
  tests/stat/all_distributions.c tests/stat/all_distributions.h
tests_stat_test_joint_distributions_LDFLAGS = $(WHOLE_RUNTIME)
tests_stat_test_joint_distributions_LDADD = $(LDADD) -ldl

# The fuzzer's target, and the test that replays its corpus (tests/fuzz/README.md).
check_PROGRAMS += tests/unit/test_fuzz tests/unit/test_show
tests_unit_test_fuzz_SOURCES = tests/unit/test_fuzz.c tests/fuzz/fuzz_check.c tests/fuzz/fuzz_check.h
