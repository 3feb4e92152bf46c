runtime_sources += \
  runtime/sim/predict.c \
  runtime/sim/simulate.c runtime/sim/simulate.h \
  runtime/sim/sizes.c runtime/sim/sizes.h
