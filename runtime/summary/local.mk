runtime_sources += \
  runtime/summary/features.c \
  runtime/summary/slots.c \
  runtime/summary/summary.c \
  runtime/summary/features.h \
  runtime/summary/summary.h
