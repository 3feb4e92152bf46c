compiler_sources += \
  compiler/program/activity.c compiler/program/adjoint.c compiler/program/adjoint.h \
  compiler/program/builder.c compiler/program/builder.h compiler/program/constants.c compiler/program/divisions.c \
  compiler/program/lower.c compiler/program/marks.c compiler/program/marks.h compiler/program/nests.c \
  compiler/program/plan.c compiler/program/print.c compiler/program/products.c compiler/program/prune.c \
  compiler/program/reverse.h compiler/program/routine.h compiler/program/rules.c \
  compiler/program/schedule.c compiler/program/schedule.h compiler/program/scheduler.h compiler/program/shared.c \
  compiler/program/tune.c compiler/program/tune.h compiler/program/verify.c
