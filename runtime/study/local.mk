runtime_sources += \
  runtime/study/answers.c runtime/study/answers.h \
  runtime/study/artifacts.c runtime/study/artifacts.h \
  runtime/study/calibrate.c runtime/study/calibrate.h \
  runtime/study/checks.c runtime/study/checks.h \
  runtime/study/datasets.c runtime/study/datasets.h \
  runtime/study/elicit_verb.c \
  runtime/study/folder_verbs.c \
  runtime/study/gates_json.c runtime/study/gates_json.h \
  runtime/study/infer_verb.c \
  runtime/study/main.c \
  runtime/study/multiverse_options.c runtime/study/multiverse_options.h \
  runtime/study/leave_out.c \
  runtime/study/predictions.c runtime/study/predictive.h \
  runtime/study/quadrature.c runtime/study/quadrature.h \
  runtime/study/quantities.c runtime/study/quantities.h \
  runtime/study/report_verb.c \
  runtime/study/results_json.c runtime/study/results_json.h \
  runtime/study/run.c \
  runtime/study/sample_verb.c \
  runtime/study/selftest_draws.c runtime/study/selftest_draws.h \
  runtime/study/selftest_prior.c runtime/study/selftest_prior.h \
  runtime/study/selftest_verb.c \
  runtime/study/session.c runtime/study/session.h \
  runtime/study/simulate_verb.c \
  runtime/study/train_verb.c \
  runtime/study/universes_verb.c \
  runtime/study/verbs.h \
  runtime/study/verify_verb.c
