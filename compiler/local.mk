include compiler/source/local.mk
include compiler/syntax/local.mk
include compiler/meaning/local.mk
include compiler/graph/local.mk
include compiler/passes/local.mk
include compiler/program/local.mk
include compiler/emit/local.mk
include compiler/driver/local.mk
