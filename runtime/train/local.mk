runtime_sources += \
  runtime/train/answer.c \
  runtime/train/ask.c \
  runtime/train/checkpoint.c \
  runtime/train/consistency.c \
  runtime/train/distances.c \
  runtime/train/examples.c \
  runtime/train/file.c \
  runtime/train/member.c \
  runtime/train/network.c \
  runtime/train/rejuvenation.c \
  runtime/train/settings.c \
  runtime/train/stacking.c \
  runtime/train/train.c \
  runtime/train/trainer.c \
  runtime/train/answer.h \
  runtime/train/consistency.h \
  runtime/train/examples.h \
  runtime/train/member.h \
  runtime/train/network.h \
  runtime/train/parts.h \
  runtime/train/rejuvenation.h \
  runtime/train/trainer.h

check_PROGRAMS += tests/unit/test_network
check_PROGRAMS += tests/unit/test_kinds
check_PROGRAMS += tests/unit/test_examples
