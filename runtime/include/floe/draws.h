/* floe/draws.h: streams of random numbers, as generated code uses them. Counter-based: Threefry-4x64 with 20 rounds
 * (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 * Key: (seed, purpose, 0, 0). Counter: (block, site, element, unit). */
#ifndef FLOE_DRAWS_H
#define FLOE_DRAWS_H

#include <stddef.h>
#include <stdint.h>

struct floe_stream {
  uint64_t key[4], counter[4];
  uint64_t word[4];
  unsigned used; /* words of the current block already taken; 4: none left */
};

/* A stream that no other (seed, purpose, unit, site, element) shares. */
void floe_stream_open(struct floe_stream *stream, uint64_t seed, uint64_t purpose, uint64_t unit, uint64_t site,
                      uint64_t element);

uint64_t floe_stream_word(struct floe_stream *stream);

/* Raw draws: what `extern draw` declarations in stdlib/draws.floe name. Arguments outside their domain give NaN. */
double floe_draw_uniform(struct floe_stream *stream);     /* in (0, 1), never 0 or 1 */
double floe_draw_normal(struct floe_stream *stream);      /* standard normal, Box-Muller */
double floe_draw_exponential(struct floe_stream *stream); /* mean 1 */
double floe_draw_gamma(struct floe_stream *stream, double shape);            /* scale 1: Marsaglia and Tsang 2000 */
double floe_draw_log_gamma(struct floe_stream *stream, double shape);        /* its logarithm: safe for tiny shapes */
double floe_draw_poisson(struct floe_stream *stream, double mean);           /* inversion below 10, PTRS (Hoermann 1993) above; means above 2^53 give NaN */
double floe_draw_binomial(struct floe_stream *stream, double n, double p);   /* inversion or BTRS (Hoermann 1993) */

/* How many of `drawn` things without replacement are marked; inversion from the mode. */
double floe_draw_hypergeometric(struct floe_stream *stream, double drawn, double marked, double unmarked);

double floe_draw_von_mises(struct floe_stream *stream, double kappa); /* in (-pi, pi), around 0: Best and Fisher 1979 */

/* The time at which a diffusion with noise 1 that starts at bias * boundary leaves (0, boundary); negative where it leaves
 * at 0. runtime/rng/first_passage.c */
double floe_draw_first_passage(struct floe_stream *stream, double boundary, double bias, double drift);

/* 1 .. n with probabilities p (n); NaN unless they are >= 0 and sum to 1 within 1e-8. */
double floe_draw_categorical(struct floe_stream *stream, size_t n, const double *p);

/* How often category `at` (1 .. k) comes up among n draws with probabilities p (k): a function of u in (0, 1), which opens a
 * stream of its own, so that the counts for one u sum to n. NaN as for categorical draws. */
double floe_multinomial_count(size_t k, double u, double n, const double *p, double at);

#endif
