compiler_sources += \
  compiler/driver/build_verb.c \
  compiler/driver/check_verb.c \
  compiler/driver/difference.c compiler/driver/difference.h \
  compiler/driver/doctor_verb.c \
  compiler/driver/driver.h \
  compiler/driver/fmt_verb.c \
  compiler/driver/help_verbs.c \
  compiler/driver/library.c compiler/driver/library.h \
  compiler/driver/locate.c compiler/driver/locate.h \
  compiler/driver/pipeline.c compiler/driver/pipeline.h \
  compiler/driver/possible.c compiler/driver/possible.h \
  compiler/driver/process.c compiler/driver/process.h \
  compiler/driver/select.c compiler/driver/select.h \
  compiler/driver/show.c \
  compiler/driver/table.c compiler/driver/table.h \
  compiler/driver/toolchain.c compiler/driver/toolchain.h \
  compiler/driver/universe_verbs.c

# What configure and make know and the program needs.
BUILT_SOURCES += compiler/driver/configured.h
CLEANFILES += compiler/driver/configured.h
compiler/driver/configured.h: Makefile
	$(AM_V_GEN)$(MKDIR_P) compiler/driver && { \
	  echo '#define FLOE_VERSION "$(PACKAGE_VERSION)"'; \
	  echo '#define FLOE_DATA_FOLDER "$(pkgdatadir)"'; \
	  echo '#define FLOE_HEADER_FOLDER "$(includedir)"'; \
	  echo '#define FLOE_ARCHIVE_FOLDER "$(libdir)"'; \
	  echo '#define FLOE_CC "$(CC)"'; \
	  echo '#define FLOE_STUDY_CFLAGS "$(STUDY_CFLAGS)"'; \
	  echo '#define FLOE_STUDY_LIBRARIES "$(STUDY_LIBRARIES)"'; \
	} > $@
