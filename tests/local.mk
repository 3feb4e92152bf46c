check_scripts += tests/include-order tests/run-golden tests/end-to-end/driver
EXTRA_DIST += tests/run-tests tests/run-golden tests/include-order tests/end-to-end/driver

# Models written by hand, for tests that need one.
check_LIBRARIES += libtestsupport.a
libtestsupport_a_SOURCES = tests/support/eight_schools_model.c tests/support/eight_schools_model.h
