runtime_sources += \
  runtime/data/bind.c runtime/data/dataset.c runtime/data/bind.h runtime/data/values.h \
  runtime/data/csv.c runtime/data/csv.h runtime/data/table.h \
  runtime/data/fields.c runtime/data/fields_csv.c runtime/data/fields_json.c runtime/data/fields.h \
  runtime/data/groups.c \
  runtime/data/json.c runtime/data/json.h \
  runtime/data/outputs.c runtime/data/outputs.h \
  runtime/data/layout.c runtime/data/layout.h \
  runtime/data/pins.c runtime/data/pins.h \
  runtime/data/suggest.c runtime/data/suggest.h \
  runtime/data/universe.c runtime/data/universe.h

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_data tests/unit/test_universe
tests_unit_test_data_LDADD = libtestsupport.a $(LDADD)
tests_unit_test_universe_LDADD = libtestsupport.a $(LDADD)
endif
