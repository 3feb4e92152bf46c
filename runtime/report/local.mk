runtime_sources += \
  runtime/report/draws_csv.c runtime/report/draws_csv.h \
  runtime/report/figures.c runtime/report/figures.h \
  runtime/report/html.c \
  runtime/report/results.h \
  runtime/report/svg.c runtime/report/svg.h \
  runtime/report/table.c runtime/report/table.h \
  runtime/report/written.c
