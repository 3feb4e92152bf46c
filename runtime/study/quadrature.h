/* quadrature.h: adaptive integrals of functions of one number. */
#ifndef FLOE_STUDY_QUADRATURE_H
#define FLOE_STUDY_QUADRATURE_H

struct integrand {
  double (*value)(void *about, double x);
  void *about;
};

/* The integral from a to b by Simpson's rule, its panels halved up to 14 times until each is good to 2e-5; *rough gathers
 * what is then still undecided. */
double study_integral(const struct integrand *f, double a, double b, double *rough);

#endif
