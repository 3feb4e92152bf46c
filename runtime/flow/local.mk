runtime_sources += \
  runtime/flow/flow.c \
  runtime/flow/heads.c \
  runtime/flow/marginal.c \
  runtime/flow/matching.c \
  runtime/flow/mixing.c \
  runtime/flow/one_step.c \
  runtime/flow/point.c \
  runtime/flow/quantiles.c \
  runtime/flow/tails.c \
  runtime/flow/flow.h \
  runtime/flow/heads.h \
  runtime/flow/marginal.h \
  runtime/flow/matching.h \
  runtime/flow/mixing.h \
  runtime/flow/one_step.h \
  runtime/flow/point.h \
  runtime/flow/quantiles.h \
  runtime/flow/tails.h

check_PROGRAMS += tests/unit/test_flow
