compiler_sources += \
  compiler/source/diagnostic.c compiler/source/diagnostic.h compiler/source/diagnostic_codes.h \
  compiler/source/diagnostic_text.c \
  compiler/source/source.c compiler/source/source.h
check_PROGRAMS += tests/unit/test_source
