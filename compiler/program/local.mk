compiler_sources += 
