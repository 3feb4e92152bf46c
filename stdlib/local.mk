stdlibdir = $(pkgdatadir)/stdlib
partsdir = $(stdlibdir)/parts
dist_parts_DATA = \
  stdlib/parts/gp.floe stdlib/parts/hier.floe stdlib/parts/timeseries.floe stdlib/parts/shrink.floe
dist_stdlib_DATA = \
  stdlib/distributions_discrete.floe stdlib/distributions_positive.floe stdlib/distributions_real.floe \
  stdlib/distributions_unit.floe stdlib/distributions_vectors.floe \
  stdlib/draws.floe stdlib/preparation.floe stdlib/prelude.floe
