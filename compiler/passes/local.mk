compiler_sources += compiler/passes/passes.h 
