runtime_sources += \
  runtime/nn/adam.c \
  runtime/nn/linear.c \
  runtime/nn/mlp.c \
  runtime/nn/panel.c runtime/nn/panel_blas.c runtime/nn/panel_blas_v3.c runtime/nn/panel_v3.c runtime/nn/panel_v4.c \
  runtime/nn/adam.h \
  runtime/nn/elementary.h \
  runtime/nn/linear.h \
  runtime/nn/mlp.h \
  runtime/nn/panel.h runtime/nn/panel_functions.h runtime/nn/panel_spline.h runtime/nn/panel_target_v3.h \
  runtime/nn/spline.h \
  runtime/nn/vector.h
