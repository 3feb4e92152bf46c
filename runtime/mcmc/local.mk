runtime_sources += \
  runtime/mcmc/adapt.c runtime/mcmc/adapt.h \
  runtime/mcmc/centring.c runtime/mcmc/centring.h \
  runtime/mcmc/chees.c runtime/mcmc/chees.h \
  runtime/mcmc/density.h \
  runtime/mcmc/keep.c runtime/mcmc/keep.h \
  runtime/mcmc/metric.c runtime/mcmc/metric.h \
  runtime/mcmc/metric_fit.c runtime/mcmc/metric_fit.h \
  runtime/mcmc/nuts.c runtime/mcmc/nuts.h \
  runtime/mcmc/packs.c runtime/mcmc/packs.h \
  runtime/mcmc/pathfinder.c runtime/mcmc/pathfinder.h \
  runtime/mcmc/sample.c runtime/mcmc/sample.h \
  runtime/mcmc/start.c runtime/mcmc/start.h \
  runtime/mcmc/target.c runtime/mcmc/target.h \
  runtime/mcmc/trouble.c runtime/mcmc/trouble.h
check_PROGRAMS += tests/stat/test_centring tests/stat/test_sample tests/unit/test_metric tests/unit/test_resume
tests_stat_test_centring_LDFLAGS = $(WHOLE_RUNTIME)
tests_stat_test_centring_LDADD = $(LDADD) -ldl
