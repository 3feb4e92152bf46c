# bison and flex run by explicit rules: automake's own would call `bison -y`.
grammar_generated += grammar/parser.c grammar/parser.h grammar/scanner.c grammar/scanner.h
BUILT_SOURCES += grammar/parser.h grammar/scanner.h
CLEANFILES += $(grammar_generated) grammar/parse.stamp grammar/scan.stamp
EXTRA_DIST += grammar/parse.y grammar/scan.l

grammar/parse.stamp: $(srcdir)/grammar/parse.y
	$(AM_V_GEN)$(MKDIR_P) grammar && \
	  $(BISON) -Wall -Wcounterexamples -Werror --header=grammar/parser.h -o grammar/parser.c $(srcdir)/grammar/parse.y && touch $@
grammar/scan.stamp: $(srcdir)/grammar/scan.l
	$(AM_V_GEN)$(MKDIR_P) grammar && \
	  $(FLEX) --header-file=grammar/scanner.h -o grammar/scanner.c $(srcdir)/grammar/scan.l && touch $@

# If somebody removes a generated file, the stamp has to be made again.
grammar/parser.c grammar/parser.h: grammar/parse.stamp
	@test -f $@ || { rm -f grammar/parse.stamp && $(MAKE) $(AM_MAKEFLAGS) grammar/parse.stamp; }
grammar/scanner.c grammar/scanner.h: grammar/scan.stamp
	@test -f $@ || { rm -f grammar/scan.stamp && $(MAKE) $(AM_MAKEFLAGS) grammar/scan.stamp; }
