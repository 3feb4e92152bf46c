compiler_sources += compiler/meaning/check.h compiler/meaning/checker.h compiler/meaning/typed.h 
