runtime_sources += \
  runtime/summary/attention.c \
  runtime/summary/features.c \
  runtime/summary/gru.c \
  runtime/summary/inner.c \
  runtime/summary/sets.c \
  runtime/summary/slots.c \
  runtime/summary/summary.c \
  runtime/summary/tcn.c \
  runtime/summary/attention.h \
  runtime/summary/features.h \
  runtime/summary/gru.h \
  runtime/summary/inner.h \
  runtime/summary/items.h \
  runtime/summary/sets.h \
  runtime/summary/summary.h \
  runtime/summary/tcn.h
