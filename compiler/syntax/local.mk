compiler_sources += compiler/syntax/parse.h compiler/syntax/tokens.h compiler/syntax/tree.h 
