/* library.h: the files of the standard library, in the order in which they may use each other, for tests that run the
 * front end themselves. */
#ifndef FLOE_TEST_SUPPORT_LIBRARY_H
#define FLOE_TEST_SUPPORT_LIBRARY_H

static const char *const library_names[] = {"prelude",
                                            "draws",
                                            "distributions_real",
                                            "distributions_positive",
                                            "distributions_unit",
                                            "distributions_discrete",
                                            "distributions_vectors",
                                            "preparation"};
enum { N_LIBRARY = sizeof library_names / sizeof *library_names };

#endif
