runtime_sources +=
