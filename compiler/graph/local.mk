compiler_sources += compiler/graph/graph.h 
