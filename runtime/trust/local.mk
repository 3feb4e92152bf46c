runtime_sources += \
  runtime/trust/bands.c runtime/trust/bands.h \
  runtime/trust/bridge.c runtime/trust/bridge.h \
  runtime/trust/calibration.c runtime/trust/calibration.h \
  runtime/trust/convergence.c runtime/trust/convergence.h \
  runtime/trust/finetune.c runtime/trust/finetune.h \
  runtime/trust/gates.c runtime/trust/gates.h \
  runtime/trust/loo.c runtime/trust/loo.h \
  runtime/trust/ladder.c runtime/trust/ladder.h \
  runtime/trust/proposal.c runtime/trust/proposal.h \
  runtime/trust/psis.c runtime/trust/psis.h \
  runtime/trust/summary.c runtime/trust/summary.h \
  runtime/trust/transform.c runtime/trust/transform.h
check_PROGRAMS += tests/unit/test_bridge tests/unit/test_convergence tests/unit/test_ladder tests/unit/test_loo tests/stat/test_calibration
