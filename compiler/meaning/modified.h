/* modified.h: distributions made of other distributions. Private to meaning/.
 *
 * A modified distribution is a `struct distribution` in the making, with the arguments of the one place where it stands.
 * Its parts are distributions whose arguments have become arguments of the whole; inside the methods they are formals. */
#ifndef FLOE_MEANING_MODIFIED_H
#define FLOE_MEANING_MODIFIED_H

#include "compiler/meaning/checker.h"

#define MODIFIED_MAX_DRAWS 60 /* raw draws of one sample: a variable has room for 64 sites (passes/simulate.c) */
#define MODIFIED_MAX_PARTS 16

struct modified {
  struct checker *c;
  struct span span;
  struct distribution *whole;
  const struct term **items; /* the arguments at the place where it stands */
  bool broken;               /* too large, which has been reported */
};

struct part {
  struct modified *whole;
  const struct distribution *d;
  const struct term **args; /* formals of the whole */
};

const struct formal *formal_new(struct checker *c, const char *name, struct type type);
const struct term *formal_term(struct checker *c, struct span span, const struct formal *formal);

void modified_begin(struct checker *c, struct modified *m, struct span span, const char *name, size_t n_formal);
const struct term *modified_argument(struct modified *m, const char *name, struct type type, const struct term *item);
struct part modified_part(struct modified *m, const struct term *single);
const struct term *modified_x(struct modified *m); /* the argument of logpdf and cdf; the support is set */
/* The body with its formal u drawn uniformly. */
const struct term *modified_with_uniform(struct modified *m, const struct formal *u, const struct term *body);
const struct term *modified_end(struct modified *m); /* TERM_DISTRIBUTION, or poison */

/* Bounds are NULL where there are none; the density is -infinity outside of the part's support. */
const struct term *part_low(const struct part *part);
const struct term *part_high(const struct part *part);
const struct term *part_sample(const struct part *part); /* each use draws anew */
const struct term *part_log_density(const struct part *part, const struct term *x);
const struct term *part_cdf(const struct part *part, const struct term *x); /* x within the part's support */
const struct term *part_cdf_anywhere(const struct part *part, const struct term *x);
bool has_cdf(const struct distribution *d);

/* The body, over some formals and an extra one (or NULL), at these arguments. Poison where it grows too large. */
const struct term *method_called(struct checker *c, struct span span, const char *name, size_t n,
                                 const struct formal *const *formals, const struct term *const *args,
                                 const struct formal *extra, const struct term *argument, const struct term *body);

/* A function of the library. */
const struct term *library_value(struct checker *c, struct span span, const char *name, size_t n,
                                 const struct term *const *args);

/* single: a TERM_DISTRIBUTION; bounds may be NULL. The density between them, normalised: by the cdf's tails, in logs. */
const struct term *truncated(struct checker *c, const struct term *single, const struct term *low,
                             const struct term *high, struct span span);
/* What lies beyond a bound is recorded as the bound: there the density is the probability of lying beyond. */
const struct term *censored(struct checker *c, const struct term *single, const struct term *low,
                            const struct term *high, struct span span);
/* Log density 0 within the bounds of a type. Its sample is a stand-in that only `floe selftest` uses. */
const struct term *flat_over(struct checker *c, const struct type *type, struct span span);

/* mixtures.c: mixture(w, D, E, ...) and zero_inflated(p, D). */
bool is_combinator(const char *name);
const struct term *combinator_of(struct checker *c, const struct context *at, const struct expr *call);

/* Choices stay outside, powers become what their methods say: the modifier sees TERM_DISTRIBUTIONs only. */
typedef const struct term *(*modifier)(struct checker *c, const struct term *single, void *context);
const struct term *over_choices(struct checker *c, const struct term *distribution, modifier modify, void *context);

#endif
