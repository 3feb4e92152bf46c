base_sources += \
  base/answer.c base/answer.h \
  base/arena.c base/arena.h \
  base/error.c base/error.h \
  base/file.c base/file.h \
  base/memory.c base/memory.h \
  base/names.c base/names.h \
  base/options.c base/options_text.c base/options.h \
  base/parallel.c base/parallel.h \
  base/selection.c base/selection.h \
  base/settings.c base/settings.h \
  base/stop.c base/stop.h \
  base/terminal.c base/progress.h \
  base/text.c base/text_real.c base/text.h \
  base/study_verbs.c base/study_verbs.h

if HAVE_CMOCKA
check_PROGRAMS += \
  tests/unit/test_base_file \
  tests/unit/test_base_memory \
  tests/unit/test_base_options
endif
