/* purpose.h: what random numbers are for. Part of every stream's key, so that no two uses of one seed share a number.
 * The values are part of what makes a run reproducible: append, never renumber. */
#ifndef FLOE_RNG_PURPOSE_H
#define FLOE_RNG_PURPOSE_H

enum floe__purpose {
  FLOE_PURPOSE_TRAIN = 1, /* simulations to learn from */
  FLOE_PURPOSE_VALIDATE,  /* held out during training */
  FLOE_PURPOSE_TEST,      /* calibration */
  FLOE_PURPOSE_PRIOR,     /* prior and prior predictive draws */
  FLOE_PURPOSE_POSTERIOR, /* base draws of the flow */
  FLOE_PURPOSE_PREDICT,   /* posterior predictive draws */
  FLOE_PURPOSE_CHAIN,     /* MCMC transitions */
  FLOE_PURPOSE_INITIAL,   /* starting points of chains */
  FLOE_PURPOSE_UNIVERSE,  /* which universes, and which sizes */
  FLOE_PURPOSE_SHUFFLE,   /* order of the minibatches */
  FLOE_PURPOSE_NETWORK,   /* initial weights */
  FLOE_PURPOSE_RESAMPLE,  /* importance resampling; rows of a user's data set */
  FLOE_PURPOSE_BOOTSTRAP, /* intervals of the multiverse's effects */
  FLOE_PURPOSE_GAPS,      /* what is missing in a simulated data set */
  FLOE_PURPOSE_ELICIT,    /* simulations to find hyper values with */
  FLOE_PURPOSE_BRIDGE,    /* the proposal of bridge sampling */
  FLOE_PURPOSE_CONSISTENT, /* draws of a network in training, to compare with the density */
  FLOE_PURPOSE_MATCH,      /* where the paths of flow matching begin, and the times at which they are looked at */
  FLOE_PURPOSE_PIN,        /* which unknowns training holds at their values */
  FLOE_PURPOSE_TRANSFORM,  /* where among equal predictions an observation is put */
  FLOE_PURPOSE_REJUVENATE, /* other parameters of a simulation with the same data */
  FLOE_PURPOSE_STEP        /* steps from simulated numbers that test whether they follow the density */
};

#endif
