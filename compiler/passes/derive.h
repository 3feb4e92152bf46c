/* derive.h: what the derivations share. Private to passes/. */
#ifndef FLOE_PASSES_DERIVE_H
#define FLOE_PASSES_DERIVE_H

#include "compiler/passes/lower.h"

/* The functions of the library that transforms are made of. */
struct transform_functions {
  const struct external *exp, *log, *inv_logit, *log1p_exp, *lgamma, *sort;
};

/* One interpretation in the making. */
struct derivation {
  struct lowering lowering;
  struct transform_functions functions;
  struct presence everywhere;
  const struct node *nothing; /* the likelihood of what is not observed: 0, or NaN where observations stand by themselves */
  const struct node **values; /* (n_variable) params and latents as expressions of their coordinates, where they are */
  size_t n_root, capacity;
  struct root *roots;
};

void derive_root(struct derivation *derivation, struct root root);

/* A variable's own loops, opened; and its element's place among them. */
struct element {
  struct place place; /* inside `binders`: where the distribution of one element stands */
  size_t n_open;      /* dimensions of the variable: binders, then those within one joint draw */
  size_t n_joint;     /* of a whole draw, for which it stands; 0: for one number */
  const struct graph_binder **open;
  const struct node **indices;
  const struct term *distribution; /* of the element; NULL: it has none */
  bool step; /* drawn given the elements before it: in standardised residuals wherever it can be */
};
struct element element_open(struct derivation *derivation, const struct variable *variable);
void element_open_joint(struct derivation *derivation, const struct variable *variable, struct element *element);
const struct node *element_close(struct derivation *derivation, const struct element *element, const struct node *node);

/* ---- coordinates.c ---- */

/* How a number hangs together with its unconstrained coordinate u. */
enum form_kind {
  FORM_IDENTITY, /* u */
  FORM_LOW,      /* low + exp(u) */
  FORM_HIGH,     /* high - exp(u) */
  FORM_BOTH,     /* low + (high - low) inv_logit(u) */
  FORM_RESIDUAL, /* location + scale u */
  FORM_PARTIAL   /* location + scale z with z = (u - centring location) / scale^centring: the residual where `centring` is 0, the
                    number itself where it is 1 (Papaspiliopoulos, Roberts, Skold, Statistical Science 22, 2007; Gorinova, Moore,
                    Hoffman, ICML 2020) */
};
struct form {
  enum form_kind kind;
  const struct node *low, *high;       /* NULL: unbounded */
  const struct node *location, *scale; /* RESIDUAL, PARTIAL */
  const struct node *centring;         /* PARTIAL */
};

/* Of affine distributions in coordinates that know no bounds: z with value = location + scale z. */
const struct node *form_residual(const struct derivation *derivation, const struct form *form, const struct node *u);

const struct node *form_value(const struct derivation *derivation, const struct form *form, const struct node *u);
const struct node *form_coordinate(const struct derivation *derivation, const struct form *form,
                                   const struct node *value);
/* Beyond what the density of the standard form accounts for. */
const struct node *form_log_jacobian(const struct derivation *derivation, const struct form *form,
                                     const struct node *u);

/* A quantity of one element, decided by the coordinate system and by the choices in the variable's distribution. `single`
 * is NULL for variables without a distribution. */
typedef const struct node *(*element_quantity)(const struct derivation *derivation, const struct element *element,
                                               const struct family *single, const struct form *form, void *context);
const struct node *decide_coordinates(struct derivation *derivation, const struct element *element,
                                      const struct variable *variable, element_quantity quantity, void *context);

/* The value of a param or latent as an expression of coordinates. */
const struct node *value_from_coordinates(struct derivation *derivation, const struct variable *variable);

/* Over the choices in a family: single families become nodes. */
const struct node *decide_family(const struct derivation *derivation, const struct family *family,
                                 const struct node *(*of)(void *context, const struct family *single), void *context);

/* ---- structured.c: params and latents that have a structure ---- */

/* The whole value of its coordinates, and back; the log-Jacobian of all. */
const struct node *structured_value(const struct derivation *derivation, const struct variable *variable);
const struct node *structured_coordinates(const struct derivation *derivation, const struct variable *variable);
const struct node *structured_log_jacobian(const struct derivation *derivation, const struct variable *variable);

/* An ordered variable that has a distribution of single numbers. */
bool is_sorted_sample(const struct variable *variable, const struct family *single);
const struct node *sorted_log_density(const struct derivation *derivation, struct place place,
                                      const struct family *single, const struct node *x);
const struct node *sorted_sample(const struct derivation *derivation, struct place place,
                                 const struct variable *variable, const struct family *single, size_t site);

/* ---- steps.c: variables that loops fill ---- */

/* A quantity of one element of a variable whose elements are drawn one after the other. */
typedef const struct node *(*step_quantity)(struct derivation *derivation, const struct element *element,
                                            const struct definition *steps, void *context);
/* The quantity of the element; where it stands for a whole draw, and its numbers are drawn one by one at some steps, their sum
 * there. It reads elements of variables as everywhere. `given`: of elements that are given; NULL: as of the others. */
const struct node *derive_steps(struct derivation *derivation, const struct definition *steps, const struct node *given,
                                const struct element *whole, step_quantity quantity, void *context);
/* The element at the indices, where elements are made one after the other by `quantity`: with those of the variables that it
 * rests on for which `together` holds. */
const struct node *derive_drawn_steps(struct derivation *derivation, const struct definition *steps,
                                      bool (*together)(const struct variable *a, const struct variable *b),
                                      const struct node *const *indices, step_quantity quantity, void *context);


void derive_constrain(struct derivation *derivation);
void derive_unconstrain(struct derivation *derivation);
void derive_scale(struct derivation *derivation);

/* Whether an element of observations is missing in the data. */
const struct node *is_missing(const struct derivation *derivation, const struct variable *observed,
                              const struct node *const *indices);

/* ---- density.c, summed.c ---- */

/* The same of a draw: of a joint one, whether any part of it is missing. */
const struct node *draw_is_missing(const struct derivation *derivation, const struct variable *observed,
                                   const struct element *element);

/* What is known of a number before its distribution is asked: NULL bounds say nothing. */
struct known_bounds {
  const struct node *low, *high;
  bool strict;               /* low itself is excluded */
  const struct node *absent; /* a condition under which no bound holds: the number is missing. NULL: never */
};
/* -infinity outside the distribution's support, as far as the bounds do not exclude that already. */
const struct node *density_supported(const struct derivation *derivation, struct place place,
                                     const struct family *single, const struct node *density, const struct node *x,
                                     struct known_bounds known);
const struct node *likelihood_of_element(struct derivation *derivation, const struct variable *variable,
                                         const struct element *element);
void derive_term(struct derivation *derivation, const struct variable *variable, enum term_tag tag,
                 const struct node *node);
void derive_log_density(struct derivation *derivation);
void derive_pointwise(struct derivation *derivation);
/* The quantity where all of these indices are 1. */
const struct node *at_first(const struct derivation *derivation, size_t n, const struct node *const *indices,
                            const struct node *quantity);
/* The likelihood of all observations that rest on a discrete latent: its values are summed out. `pointwise`: by element of
 * the latent, that of a chain at its first. */
void derive_summed(struct derivation *derivation, const struct variable *latent, bool pointwise);

void derive_simulate(struct derivation *derivation); /* simulate.c */
/* The value of a `summary`, by what the place takes data and observations to be. */
void derive_summary(struct derivation *derivation, struct place place, const struct variable *variable);

/* ---- stored.c ---- */

/* The roots with arrays for what their loops would compute again and again. */
void store_repeated(struct graph *graph, struct interpretation *density);

/* ---- sufficient.c ---- */

/* The density's terms in universe coordinates, sums of squares by sufficient statistics; no roots where there are none such. */
struct interpretation gradient_terms(struct graph *graph, const struct external *square_root,
                                     const struct interpretation *density);

/* ---- blueprint.c ---- */

struct blueprint derive_blueprint(const struct study *study);
const struct presence *derive_axis_effect(const struct study *study, struct floe__arena *arena);

#endif
