compiler_sources += compiler/emit/emit.h 
