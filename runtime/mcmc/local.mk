runtime_sources += \
  runtime/mcmc/adapt.c runtime/mcmc/adapt.h \
  runtime/mcmc/nuts.c runtime/mcmc/nuts.h \
  runtime/mcmc/sample.c runtime/mcmc/sample.h \
  runtime/mcmc/target.c runtime/mcmc/target.h \
  runtime/mcmc/trouble.c runtime/mcmc/trouble.h
check_PROGRAMS += tests/stat/test_sample
