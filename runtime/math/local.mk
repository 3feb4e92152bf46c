runtime_sources += \
  runtime/math/blas.c runtime/math/blas.h \
  runtime/math/chol.c runtime/math/chol.h \
  runtime/math/lanes.c \
  runtime/math/matrix.c runtime/math/matrix.h \
  runtime/math/moments.c runtime/math/moments.h \
  runtime/math/distances.c \
  runtime/math/first_passage.c \
  runtime/math/ode.c runtime/math/ode_stiff.c \
  runtime/math/order.c runtime/math/order.h \
  runtime/math/quantiles.c runtime/math/tails.c \
  runtime/math/special.c runtime/math/special_gsl.c runtime/math/special.h \
  runtime/math/orthogonal.c runtime/math/orthogonal.h \
  runtime/math/structure.c runtime/math/structure.h

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_lanes tests/unit/test_math tests/unit/test_ode tests/unit/test_structure tests/unit/test_symbols
tests_unit_test_symbols_LDFLAGS = $(WHOLE_RUNTIME)
tests_unit_test_symbols_LDADD = $(LDADD) -ldl
endif
