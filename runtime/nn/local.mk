runtime_sources += \
  runtime/nn/adam.c \
  runtime/nn/linear.c \
  runtime/nn/mlp.c \
  runtime/nn/adam.h \
  runtime/nn/elementary.h \
  runtime/nn/linear.h \
  runtime/nn/mlp.h
