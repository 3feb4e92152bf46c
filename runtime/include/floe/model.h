/* floe/model.h: the contract between generated code and the runtime.
 *
 * The compiler turns a spec into one C file that defines a `struct floe_model`: tables that describe the spec, and
 * functions that evaluate it in any universe. libfloe does everything else. Neither half knows more of the other than
 * this header and the symbols that the standard library names.
 *
 * Vectors. For given sizes of the index sets, a layout says where each variable stands:
 *   data         (n_data)        data and obs variables, natural coordinates
 *   values       (n_value)       params and latents, natural coordinates; NaN where absent from the universe
 *   coordinates  (n_coordinate)  params and latents, unconstrained; arbitrary where absent, and then ignored
 *   outputs      (n_output)      reports, then one truth value (0 or 1) per claim. A report that is a code has room for a truth
 *                                value per element that it may name; the generated code writes the code at the start of
 *                                it, floe_outputs (runtime/data/outputs.h) makes truth values of it
 * Variables follow each other in the order of `variables`; arrays are row-major: the last index runs fastest.
 * Codes count from 1. Truth values are 0 and 1.
 *
 * Coordinates come in two systems. FAMILY coordinates are the same in all universes: each parameter by the smallest
 * standard type that holds every option's support, location-scale parameters as standardised residuals; the network works
 * in them. UNIVERSE coordinates follow the universe's own supports and the parameterisation that its `equiv` axes name;
 * MCMC works in them. Densities are with respect to the coordinates in use: Jacobians are included.
 *
 * Centring. Where the spec leaves it open (no `via`), an unknown x of a location-scale distribution with location m and scale s that
 * rest on parameters has the coordinate u = centring m + s^centring (x - m) / s: the standardised residual at 0, x itself at 1. The
 * context says how far each coordinate is centred; MCMC chooses it in its warm-up, and whatever leaves it is at centring 0.
 *
 * Functions take `n` points that share a context (sizes, data, universe) and stand one behind the other. They allocate
 * nothing and keep no state: `scratch` is the caller's, of scratch_size(layout) doubles, one per thread. */
#ifndef FLOE_MODEL_H
#define FLOE_MODEL_H

#include <stddef.h>
#include <stdint.h>

#define FLOE_MODEL_VERSION 1
#define FLOE_MAX_AXIS 64
#define FLOE_NONE ((size_t)-1)

enum floe_role { FLOE_DATA, FLOE_PARAM, FLOE_LATENT, FLOE_OBS };
enum floe_base { FLOE_REAL, FLOE_INT, FLOE_BOOL, FLOE_CODE };
enum floe_structure { /* joint over the last dimensions; each has a row in runtime/math/structure.c */
  FLOE_PLAIN,
  FLOE_SIMPLEX,
  FLOE_CHOL_CORR,
  FLOE_CHOL_COV,
  FLOE_ORDERED,
  FLOE_SUM0,
  FLOE_UNIT_VECTOR,
  FLOE_CORR,
  FLOE_COV
};
enum floe_coordinates { FLOE_FAMILY_COORDINATES, FLOE_UNIVERSE_COORDINATES };
enum floe_reading { /* how a network reads the positions of an index set; FLOE_PERCEPTRON: all at once, at fixed places */
  FLOE_PERCEPTRON,
  FLOE_DEEP_SET,
  FLOE_SET_TRANSFORMER,
  FLOE_GRU,
  FLOE_TCN
};
enum floe_tag { FLOE_PRIOR, FLOE_LIKELIHOOD, FLOE_JACOBIAN, FLOE_N_TAG };

struct floe_dimension {
  const char *name;
  size_t low, high; /* range of sizes; equal: fixed */
  int ordered;
};

struct floe_option {
  const char *label;
  double weight; /* shares of an axis sum to 1 */
};

/* One factor of a condition: the axis takes one of the options in `mask` (bit k: option k). */
struct floe_condition {
  size_t axis;
  uint64_t mask;
};

struct floe_axis {
  const char *name, *description;
  int equivalence; /* must not matter; neither multiplies universes nor conditions the network */
  int prepares;    /* acts on observed data only; does not condition the network */
  int continuous, logarithmic;
  size_t n_option, reference;          /* discrete */
  const struct floe_option *options;
  const double *numbers;               /* (n_option) what the options stand for, where these are different numbers; else NULL */
  double low, high, reference_value;   /* continuous */
  size_t n_condition;                  /* universes in which the axis has an effect: all conditions hold */
  const struct floe_condition *conditions;
  int hyper, strict;       /* `hyper h : T`: continuous; low and high may be infinite, low excluded where strict. Such a model
                              has no prior yet: only `elicit` works with it */
  int shape;               /* hyper: of a flow prior; the middle of its range where nothing asks for another value */
};

struct floe_variable {
  const char *name;
  enum floe_role role;
  enum floe_base base;
  enum floe_structure structure;
  size_t n_dim;
  const size_t *dims;      /* (n_dim) positions in `dimensions` */
  double low, high;        /* family support of each element; +-INFINITY where unbounded */
  int has_distribution;    /* data: can be imagined for training */
  int discrete;            /* a discrete latent: no coordinates, NaN among values; drawn with the observations */
  int early;               /* a discrete latent on which another unknown rests: drawn with the parameters instead */
  size_t codes;            /* FLOE_CODE: the dimension that it numbers, else FLOE_NONE */
  size_t n_condition;      /* universes in which it is present */
  const struct floe_condition *conditions;
  int strict;              /* low itself is excluded, as in `positive` */
  int improper;            /* `~ flat` in some universe: simulate gives stand-ins that follow no prior, for self-tests only */
  int moving_support;      /* what values are possible depends on unknowns */
  int hidden;              /* obs: rests on early latents, which have no posterior to draw it from */
  int pinnable;            /* one continuous unknown on whose prior no other bears, where the settings ask for pins: the network
                              also answers with it held at a value */
  int missing;             /* obs: elements may be NaN; they then add nothing to the likelihood. `simulate` gives all */
  int summary;             /* data: not given, but computed from the other data and the observations by `simulate` and `prepare` */
  int leaves_out;          /* obs: `prepare` may turn elements into NaN, on purpose */
  int completes;           /* latent: the values of the observations that come next in the table, with what is missing there;
                            * only elements that are missing have coordinates, others are the data */
  int censored;            /* obs: bounds stand for all values beyond them */
};

struct floe_report {
  const char *name;
  enum floe_base base;
  size_t n_dim;
  const size_t *dims;
  size_t codes; /* FLOE_CODE: the dimension that it numbers */
};

struct floe_claim {
  const char *text;
};

struct floe_check {
  const char *text;
  double probability;
};

enum floe_statistic { FLOE_QUANTILES, FLOE_MEAN, FLOE_PROBABILITY };

/* What an expert says: a statistic of a number that the model implies takes these values. */
struct floe_elicited {
  const char *text; /* "quantiles(theta)" */
  enum floe_statistic statistic;
  int whole;        /* the number is a whole one */
  size_t n;
  const double *levels; /* (n) of quantiles, rising; else NULL */
  const double *values; /* (n) */
};

struct floe_setting { /* network { name = number-or-word } */
  const char *name, *word;
  double number;
};

/* A universe: what each axis is set to. Where an axis is discrete `option` counts, else `value`. */
struct floe_universe {
  size_t option[FLOE_MAX_AXIS];
  double value[FLOE_MAX_AXIS];
};

/* Where everything stands, for given sizes. Made by floe_layout_new (runtime/data/layout.h). */
struct floe_layout {
  const struct floe_model *model;
  size_t *size;       /* (n_dimension) */
  size_t *offset;     /* (n_variable) in the data vector (data, obs) or the value vector (params, latents) */
  size_t *coordinate; /* (n_variable) in the coordinate vector; FLOE_NONE for data, obs and discrete ones */
  size_t *output;     /* (n_report + n_claim) in the output vector */
  size_t *count;      /* (n_variable) numbers that the variable takes in its vector */
  size_t *free;       /* (n_variable) coordinates that it takes */
  double *uncentred;  /* (n_coordinate) zeros: the centring of a context that has none of its own */
  size_t n_data, n_value, n_coordinate, n_output, n_scratch;
};

struct floe_context {
  const struct floe_layout *layout;
  const struct floe_universe *universe;
  enum floe_coordinates coordinates;
  const double *data; /* (n_data): prepared; not used by simulate */
  const double *constants; /* what model->constants makes of all this; NULL: `gradient` makes it anew in each call */
  const double *pinned;    /* (n_coordinate) FAMILY coordinates of unknowns that network and MCMC hold, NaN for others; NULL: none */
  const double *centring;  /* (n_coordinate) in UNIVERSE coordinates; NULL: all 0, as always in FAMILY coordinates */
};

/* What to draw, and from which streams. A number depends on (seed, purpose, unit, variable, element) and nothing else. */
enum { FLOE_DRAW_DATA = 1, FLOE_DRAW_PARAMETERS = 2, FLOE_DRAW_OBSERVED = 4 };
struct floe_sampling {
  uint64_t seed, purpose, first_unit; /* point k is unit first_unit + k */
  unsigned what;                      /* the rest is read from the vectors, as given */
};

/* The gradient of several chains at once, in lockstep (<floe/packs.h>). Vectors are those of single points with `width` numbers
 * in the place of each, one of every chain: coordinates and gradient (n_coordinate, width), log_density (width). They and
 * scratch, of scratch_size(layout) doubles, begin at multiples of `width` doubles. context->constants are those of this struct; both
 * functions for them are NULL where there are none. Up to rounding, a chain's numbers are those of model->gradient. */
struct floe_lockstep {
  size_t width;
  size_t (*scratch_size)(const struct floe_layout *layout);
  size_t (*constants_size)(const struct floe_layout *layout);
  void (*constants)(const struct floe_context *context, double *constants);
  void (*gradient)(const struct floe_context *context, const double *coordinates, double *log_density, double *gradient,
                   double *scratch);
};

struct floe_model {
  unsigned version;        /* FLOE_MODEL_VERSION */
  const char *name, *title;
  const char *source_path, *source_text;
  const char *fingerprint; /* changes whenever the meaning of the spec may have changed */
  size_t n_dimension, n_axis, n_variable, n_report, n_claim, n_check, n_setting;
  const struct floe_dimension *dimensions;
  const struct floe_axis *axes;
  const struct floe_variable *variables;
  const struct floe_report *reports;
  const struct floe_claim *claims;
  const struct floe_check *checks;
  const struct floe_setting *settings;
  size_t n_elicited, n_prior;
  const struct floe_elicited *elicited;
  const char *const *priors;           /* (n_prior) "tau ~ half_normal($2)": `$` and the axis of a hyper value */
  const char *prior_fingerprint;       /* NULL without elicited numbers; changes whenever what the prior implies of elicited numbers may have changed */
  size_t plate;            /* exchangeable dimension whose rows a set network summarises, or FLOE_NONE */
  size_t sequence;         /* ordered dimension of the observations, or FLOE_NONE */
  size_t inner;            /* dimension whose positions are read within the plate's rows, or outside of them, or FLOE_NONE */
  enum floe_reading inner_reading; /* how, unless the settings say otherwise */

  /* Doubles of scratch that any function below needs. */
  size_t (*scratch_size)(const struct floe_layout *layout);

  /* Whether `forbid` and `require` allow the universe. */
  int (*permitted)(const struct floe_universe *universe);

  /* data (n, n_data), values (n, n_value): both read and written, as sampling->what says. */
  void (*simulate)(const struct floe_context *context, const struct floe_sampling *sampling, size_t n, double *data,
                   double *values, double *scratch);

  /* Why log_density and gradient are NULL, in words: "line 4: the simulator `race` has no density". NULL: they are there. */
  const char *no_density;
  int up_to_constant; /* the density lacks terms without parameters: it serves MCMC and weights, not evidence */

  /* coordinates (n, n_coordinate) -> log_density (n), terms (n, FLOE_N_TAG) or NULL.
   * -INFINITY outside the universe's support; NaN only where the spec's arithmetic itself is undefined. */
  void (*log_density)(const struct floe_context *context, size_t n, const double *coordinates, double *log_density,
                      double *terms, double *scratch);

  /* The same with gradient (n, n_coordinate), in UNIVERSE coordinates only; 0 for absent coordinates. */
  void (*gradient)(const struct floe_context *context, size_t n, const double *coordinates, double *log_density,
                   double *gradient, double *scratch);

  /* values (n, n_value) -> log likelihood of each observation: observations (n, n_data), at its place among the data; of an
   * array that is one draw at its first element. What rests on a discrete latent counts together: latents (n, n_value), at the
   * latent's element; a whole chain at its first. NaN elsewhere. NULL without log_density. */
  void (*pointwise)(const struct floe_context *context, size_t n, const double *values, double *observations,
                    double *latents, double *scratch);

  /* What of the gradient rests on data and universe alone: constants (constants_size(layout)), for the context's. Both are
   * NULL where there is nothing of the kind. */
  size_t (*constants_size)(const struct floe_layout *layout);
  void (*constants)(const struct floe_context *context, double *constants);

  const struct floe_lockstep *lockstep; /* NULL: the study was built without */

  /* coordinates (n, n_coordinate) -> values (n, n_value), and back. */
  void (*constrain)(const struct floe_context *context, size_t n, const double *coordinates, double *values,
                    double *scratch);
  void (*unconstrain)(const struct floe_context *context, size_t n, const double *values, double *coordinates,
                      double *scratch);

  /* values (n, n_value) -> log_scales (n, n_coordinate): of the coordinates whose centring is left open, NaN for others of the same
   * variable; the rest is left alone. NULL where nothing is left open. */
  void (*log_scale)(const struct floe_context *context, size_t n, const double *values, double *log_scales,
                    double *scratch);

  /* values (n, n_value) -> outputs (n, n_output). */
  void (*report)(const struct floe_context *context, size_t n, const double *values, double *outputs, double *scratch);

  /* Generated data (n, n_data), values (n, n_value) -> holds (n, n_check), 0 or 1. */
  void (*check)(const struct floe_context *context, size_t n, const double *data, const double *values, double *holds,
                double *scratch);

  /* Generated data (n, n_data), values (n, n_value) -> the elicited numbers (n, n_elicited). NULL where there are none. */
  void (*elicit)(const struct floe_context *context, size_t n, const double *data, const double *values, double *numbers,
                 double *scratch);

  /* data (n_data) as observed -> prepared (n_data); variables without `prep` are copied. */
  void (*prepare)(const struct floe_context *context, const double *data, double *prepared, double *scratch);
};

/* The compiled study's main: verbs, options, artifacts (runtime/study/). Returns the exit code. */
int floe_study_main(const struct floe_model *model, int argc, char **argv);

#endif
