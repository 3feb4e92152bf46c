#include "runtime/flow/one_step.h"

#include <math.h>
#include <string.h>

#include "runtime/math/special.h"

enum { OF_SCALE = 5, RUNGS_FIRST = 10, STAGES = 5 };
/* As in arXiv 2310.14189, but for the greatest scale: coordinates are standardised. */
static const double least = 0.002, most = 10, power = 7; /* scales, and how densely they stand towards the least */
static const double log_mean = -1.1, log_sd = 2;         /* of the scales that are learnt from */
static const float sd = 0.5f;                            /* of what is denoised, in c_skip and c_out */
static const float huber = 0.00054f;                     /* c of h, over the square root of the dimension */
static const float pi = 3.14159265f;

/* Rows in learning: those on the upper of two rungs, and two draws of each data set. */
enum { UPPER, DRAW, OTHER, N_PART };

/* The perceptron's input, its output F and its own work space; f, or how the loss changes with F; what f should be;
 * scales; the condition of each row, and how the loss changes with it. */
struct places {
  float *in, *out, *net, *f, *aim, *scale, *pre, *d_pre;
};

static size_t divide(const struct floe__flow *flow, size_t n, float *work, struct places *p) {
  const size_t all = N_PART * n;
  const struct floe__part parts[] = {{all * flow->net.n_in, &p->in},
                                     {all * flow->n, &p->out},
                                     {floe__mlp_work(&flow->net, all), &p->net},
                                     {all * flow->n, &p->f},
                                     {n * flow->n, &p->aim},
                                     {2 * n, &p->scale},
                                     {all * flow->net.width, &p->pre},
                                     {all * flow->net.width, &p->d_pre}};
  return floe__block_divide(sizeof parts / sizeof *parts, parts, work);
}

static size_t work_floats(const struct floe__flow *flow, size_t n) {
  struct places p;
  return divide(flow, n, NULL, &p);
}

static float c_skip(float s) {
  const float above = s - (float)least;
  return sd * sd / (above * above + sd * sd);
}

static float c_out(float s) {
  return sd * (s - (float)least) / sqrtf(s * s + sd * sd);
}

/* The perceptron's input of one row at x, scale s. */
static void write_input(const struct floe__flow *flow, const float *x, const float *mask, float s, float *in) {
  const float c_in = 1 / sqrtf(s * s + sd * sd);
  const float at = (logf(s) - (float)log(least)) / (float)log(most / least);
  for (size_t j = 0; j < flow->n; j++) in[j] = c_in * x[j] * mask[j];
  in[flow->n] = 2 * at - 1;
  for (size_t k = 1; k < OF_SCALE; k++) in[flow->n + k] = k % 2 ? cosf((float)k * pi * at) : sinf((float)k * pi * at);
}

/* ---- learning ---- */

/* Rung k of n on the ladder of scales. */
static double rung(size_t k, size_t n) {
  const double low = pow(least, 1 / power), high = pow(most, 1 / power);
  return pow(low + (high - low) * (double)k / (double)n, power);
}

/* Two neighbouring rungs, of the ladder that fits this stage of the training, around a lognormal scale. */
static void choose_scales(float t, float progress, float *scales) {
  const int stage = (int)(progress * STAGES);
  const size_t n = (size_t)RUNGS_FIRST << (stage < STAGES ? stage : STAGES - 1);
  const double low = floe_phi((log(least) - log_mean) / log_sd), high = floe_phi((log(most) - log_mean) / log_sd);
  const double s = exp(log_mean + log_sd * floe_phi_inverse(low + (high - low) * (double)t));
  const double first = pow(least, 1 / power), last = pow(most, 1 / power);
  const double place = (pow(s, 1 / power) - first) / (last - first) * (double)n;
  const size_t k = place <= 0 ? 0 : place >= (double)(n - 1) ? n - 1 : (size_t)place;
  scales[0] = (float)rung(k, n);
  scales[1] = (float)rung(k + 1, n);
}

/* A row's place x + s z (x NULL: s z) into f, and the perceptron's input there. */
static void place(const struct floe__flow *flow, const float *mask, const float *x, const float *z, float s, float *f,
                  float *in) {
  for (size_t j = 0; j < flow->n; j++) f[j] = (x ? x[j] : 0) + s * z[j];
  write_input(flow, f, mask, s, in);
}

/* A row's place, in f, becomes f of F there. */
static void denoise(const struct floe__flow *flow, float s, const float *out, float *f) {
  const float skip = c_skip(s), c = c_out(s);
  for (size_t j = 0; j < flow->n; j++) f[j] = skip * f[j] + c * out[j];
}

/* aim (n, d): f on the lower rungs. */
static void take_aim(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                     const float *x, const float *z, const struct places *p) {
  const size_t d = flow->n, n_in = flow->net.n_in;
  for (size_t i = 0; i < rows->n; i++)
    place(flow, rows->mask + i * d, x + i * d, z + i * d, p->scale[2 * i], p->aim + i * d, p->in + i * n_in);
  floe__mlp_forward(&flow->net, block, rows->n, p->in, n_in, &rows->pre, p->net, p->out);
  for (size_t i = 0; i < rows->n; i++) denoise(flow, p->scale[2 * i], p->out + i * d, p->aim + i * d);
}

static float scale_of(const struct places *p, size_t part, size_t i) {
  return part == UPPER ? p->scale[2 * i + 1] : (float)most;
}

/* f (N_PART, n, d): on the upper rungs, and of the draws. */
static void run(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                const struct floe__flow_noise *noise, const float *x, const struct places *p) {
  const size_t d = flow->n, n = rows->n, width = flow->net.width;
  const struct floe__pre pre = {p->pre, width, NULL};
  for (size_t part = 0; part < N_PART; part++)
    for (size_t i = 0; i < n; i++) {
      const size_t k = part * n + i;
      place(flow, rows->mask + i * d, part == UPPER ? x + i * d : NULL,
            (part == OTHER ? noise->other : noise->x) + i * d, scale_of(p, part, i), p->f + k * d,
            p->in + k * flow->net.n_in);
      memcpy(p->pre + k * width, rows->pre.value + i * rows->pre.stride, width * sizeof(float));
    }
  floe__mlp_forward(&flow->net, block, N_PART * n, p->in, flow->net.n_in, &pre, p->net, p->out);
  for (size_t part = 0; part < N_PART; part++)
    for (size_t i = 0; i < n; i++)
      denoise(flow, scale_of(p, part, i), p->out + (part * n + i) * d, p->f + (part * n + i) * d);
}

/* h of f - aim; f becomes `weight` times the derivative by f. */
static float neighbours(size_t d, const float *mask, const float *aim, float weight, float *f) {
  const float c = huber * sqrtf((float)d);
  float squares = 0;
  for (size_t j = 0; j < d; j++) {
    f[j] = mask[j] != 0 ? f[j] - aim[j] : 0;
    squares += f[j] * f[j];
  }
  const float root = sqrtf(squares + c * c);
  for (size_t j = 0; j < d; j++) f[j] *= weight / root;
  return root - c;
}

static float distance(size_t d, const float *mask, const float *a, const float *b) {
  float squares = 0;
  for (size_t j = 0; j < d; j++) squares += mask[j] != 0 ? (a[j] - b[j]) * (a[j] - b[j]) : 0;
  return sqrtf(squares + huber * huber);
}

/* The energy score of draws a and b; they become the derivatives by them. */
static float energy(size_t d, const float *mask, const float *x, float *a, float *b) {
  const float of_a = distance(d, mask, a, x), of_b = distance(d, mask, b, x), apart = distance(d, mask, a, b);
  for (size_t j = 0; j < d; j++) {
    const float away = (a[j] - b[j]) / apart;
    a[j] = mask[j] != 0 ? 0.5f * ((a[j] - x[j]) / of_a - away) : 0;
    b[j] = mask[j] != 0 ? 0.5f * ((b[j] - x[j]) / of_b + away) : 0;
  }
  return 0.5f * (of_a + of_b - apart);
}

static void learn(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                  const struct floe__flow_noise *noise, const float *x, float *work, float *loss) {
  const size_t d = flow->n, n = rows->n;
  struct places p;
  divide(flow, n, work, &p);
  for (size_t i = 0; i < n; i++) choose_scales(noise->t[i], noise->progress, p.scale + 2 * i);
  take_aim(flow, noise->teacher ? noise->teacher : block, rows, x, noise->x, &p);
  run(flow, block, rows, noise, x, &p);
  for (size_t i = 0; i < n; i++) {
    const float *mask = rows->mask + i * d;
    const float weight = 1 / (p.scale[2 * i + 1] - p.scale[2 * i]);
    loss[i] = weight * neighbours(d, mask, p.aim + i * d, weight, p.f + i * d);
    loss[i] += energy(d, mask, x + i * d, p.f + (DRAW * n + i) * d, p.f + (OTHER * n + i) * d);
    for (size_t part = 0; part < N_PART; part++)
      for (size_t j = 0; j < d; j++) p.f[(part * n + i) * d + j] *= c_out(scale_of(&p, part, i));
  }
}

static void learn_backward(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                           float *work, const float *by_loss, float *d_pre, float *gradient) {
  const size_t d = flow->n, n = rows->n, width = flow->net.width;
  struct places p;
  divide(flow, n, work, &p);
  for (size_t k = 0; k < N_PART * n; k++)
    for (size_t j = 0; j < d; j++) p.f[k * d + j] *= by_loss[k % n];
  floe__mlp_backward(&flow->net, block, N_PART * n, p.net, p.f, NULL, 0, p.d_pre, width, gradient);
  for (size_t k = 0; k < n * width; k++)
    d_pre[k] = p.d_pre[k] + p.d_pre[DRAW * n * width + k] + p.d_pre[OTHER * n * width + k];
}

/* ---- drawing ---- */

static void draw(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows, int inverse,
                 const float *z, float *work, float *x, float *log_det) {
  (void)inverse, (void)log_det;
  const size_t d = flow->n;
  struct places p;
  divide(flow, rows->n, work, &p);
  for (size_t i = 0; i < rows->n; i++)
    place(flow, rows->mask + i * d, NULL, z + i * d, (float)most, p.f + i * d, p.in + i * flow->net.n_in);
  floe__mlp_forward(&flow->net, block, rows->n, p.in, flow->net.n_in, &rows->pre, p.net, p.out);
  for (size_t i = 0; i < rows->n; i++) denoise(flow, (float)most, p.out + i * d, p.f + i * d);
  for (size_t k = 0; k < rows->n * d; k++) x[k] = rows->mask[k] != 0 ? p.f[k] : z[k];
}

const struct floe__head floe__one_step = {.n_in = 1,
                                          .n_more = OF_SCALE,
                                          .n_out = 1,
                                          .no_density = "a consistency model has no density",
                                          .work = work_floats,
                                          .carry = draw,
                                          .loss = learn,
                                          .loss_backward = learn_backward};
