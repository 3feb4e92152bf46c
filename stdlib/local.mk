stdlibdir = $(pkgdatadir)/stdlib
dist_stdlib_DATA = stdlib/draws.floe stdlib/distributions.floe stdlib/preparation.floe stdlib/prelude.floe
