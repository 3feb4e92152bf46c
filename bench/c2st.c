/* The classifier two-sample test as the sbibm benchmark defines it (Lueckmann et al., AISTATS 2021), in float32:
 *   c2st DIMENSION SEED EPOCHS OURS REFERENCE [OURS REFERENCE ...]
 * Files hold draws as doubles, row-major. Prints, for each pair, the accuracy by 5-fold cross-validation (0.5: no difference is seen)
 * and the number of epochs of all folds together.
 *
 * The classifier is that of scikit-learn's MLPClassifier with its defaults: two hidden layers of 10 * DIMENSION rectifiers, Glorot's
 * uniform initial weights, a logistic output, log loss and an L2 penalty of 1e-4, Adam (Kingma & Ba, 2015) at 1e-3 on batches of 200;
 * it ends after EPOCHS, or once the loss has not fallen by 1e-4 for more than ten epochs. neural.py compares the two in each run.
 *
 * Samples lie in panels of 40, innermost: (panel, feature, 40). Each kernel keeps ten vectors of sums in registers. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PANEL = 40, LANES = 8, VECTORS = PANEL / LANES, BATCH = 200, PANELS = BATCH / PANEL, FOLDS = 5, INPUTS = 5 };
typedef float vector __attribute__((vector_size(4 * LANES)));

static const float RATE = 1e-3f, MOMENT1 = 0.9f, MOMENT2 = 0.999f, TINY = 1e-8f, PENALTY = 1e-4f;
static const double TOLERANCE = 1e-4;
enum { PATIENCE = 10 };

/* Weights, their gradients and moments each in one block: input (n, d), bias, hidden (n, n), bias, output (n), bias. */
struct network {
  int d, n; /* inputs, a multiple of INPUTS; units of a hidden layer */
  size_t n_weight;
  float *weight, *gradient, *first, *second;
  float *input;   /* (PANELS, d, PANEL) */
  float *h1, *h2; /* (PANELS, n, PANEL): after the rectifier; in training then the derivative of the loss before it */
  float *d1, *d2;
  float z[BATCH]; /* log odds */
  long step;
};

struct part {
  size_t at, n;
  int penalised;
};

static void *zeroed(size_t n, size_t size) {
  void *block = aligned_alloc(64, (n * size + 63) / 64 * 64);
  if (!block) fprintf(stderr, "c2st: out of memory\n"), exit(8);
  return memset(block, 0, n * size);
}

static uint64_t next(uint64_t *state) { /* SplitMix64 (Steele, Lea & Flood, 2014) */
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static void shuffle(size_t n, uint32_t *order, uint64_t *state) {
  for (size_t k = n; k > 1; k--) {
    const size_t j = (size_t)(((unsigned __int128)next(state) * k) >> 64);
    const uint32_t kept = order[k - 1];
    order[k - 1] = order[j], order[j] = kept;
  }
}

static void parts(const struct network *net, struct part out[6]) {
  const size_t n = (size_t)net->n, sizes[6] = {n * (size_t)net->d, n, n * n, n, n, 1};
  for (size_t k = 0, at = 0; k < 6; at += sizes[k++]) out[k] = (struct part){at, sizes[k], k % 2 == 0};
}

static void initialise(struct network *net, int dimension, uint64_t *state) {
  struct part part[6];
  parts(net, part);
  const double fan[6] = {dimension + net->n, dimension + net->n, 2.0 * net->n,
                         2.0 * net->n,       net->n + 1.0,       net->n + 1.0};
  for (int k = 0; k < 6; k++)
    for (size_t i = 0; i < part[k].n; i++) {
      const double unit = (double)(next(state) >> 11) * 0x1p-53;
      const int padding = k == 0 && (int)(i % (size_t)net->d) >= dimension;
      net->weight[part[k].at + i] = padding ? 0 : (float)(sqrt(6 / fan[k]) * (2 * unit - 1));
    }
  memset(net->first, 0, net->n_weight * sizeof(float));
  memset(net->second, 0, net->n_weight * sizeof(float));
  net->step = 0;
}

/* out (n_out, PANEL) = weight x in (n_in, PANEL); the weight of in i for out j stands at j * row + i * column. */
static inline void product(int n_out, int n_in, const float *weight, size_t row, size_t column, const float *in,
                           float *out) {
  for (int j = 0; j < n_out; j += 2) {
    vector a[VECTORS] = {0}, b[VECTORS] = {0};
    const float *wa = weight + (size_t)j * row, *wb = wa + row;
    const vector *x = (const vector *)in;
    for (int i = 0; i < n_in; i++, x += VECTORS, wa += column, wb += column)
#pragma GCC unroll 5
      for (int k = 0; k < VECTORS; k++) a[k] += x[k] * *wa, b[k] += x[k] * *wb;
    memcpy(out + (size_t)j * PANEL, a, sizeof a);
    memcpy(out + (size_t)(j + 1) * PANEL, b, sizeof b);
  }
}

static void rectify(int n, const float *bias, float *h) {
  for (int j = 0; j < n; j++)
    for (int k = 0; k < PANEL; k++) {
      const float sum = h[j * PANEL + k] + bias[j];
      h[j * PANEL + k] = sum > 0 ? sum : 0;
    }
}

static void forward(struct network *net, int panels) {
  struct part part[6];
  parts(net, part);
  const int d = net->d, n = net->n;
  const float *w = net->weight, *output = w + part[4].at;
  for (int p = 0; p < panels; p++) {
    float *h1 = net->h1 + p * n * PANEL, *h2 = net->h2 + p * n * PANEL, *z = net->z + p * PANEL;
    product(n, d, w + part[0].at, (size_t)d, 1, net->input + p * d * PANEL, h1);
    rectify(n, w + part[1].at, h1);
    product(n, n, w + part[2].at, (size_t)n, 1, h1, h2);
    rectify(n, w + part[3].at, h2);
    for (int k = 0; k < PANEL; k++) z[k] = w[part[5].at];
    for (int j = 0; j < n; j++)
      for (int k = 0; k < PANEL; k++) z[k] += output[j] * h2[j * PANEL + k];
  }
}

static float sum_of(vector v) {
  typedef int32_t lanes __attribute__((vector_size(4 * LANES)));
  v += __builtin_shuffle(v, (lanes){4, 5, 6, 7, 0, 1, 2, 3});
  v += __builtin_shuffle(v, (lanes){2, 3, 0, 1, 6, 7, 4, 5});
  return v[0] + v[1];
}

/* gradient (n_out, n_in) = sum over samples of delta (panels, n_out, PANEL) times in (panels, n_in, PANEL). */
static void outer(int n_out, int n_in, int panels, const float *delta, const float *in, float *gradient) {
  for (int i = 0; i < n_in; i += INPUTS)
    for (int j = 0; j < n_out; j += 2) {
      vector a[INPUTS] = {0}, b[INPUTS] = {0};
      for (int p = 0; p < panels; p++) {
        const vector *da = (const vector *)(delta + (p * n_out + j) * PANEL),
                     *x = (const vector *)(in + (p * n_in + i) * PANEL);
#pragma GCC unroll 1
        for (int k = 0; k < VECTORS; k++)
#pragma GCC unroll 5
          for (int c = 0; c < INPUTS; c++)
            a[c] += da[k] * x[c * VECTORS + k], b[c] += da[VECTORS + k] * x[c * VECTORS + k];
      }
      for (int c = 0; c < INPUTS; c++) {
        gradient[j * n_in + i + c] = sum_of(a[c]);
        gradient[(j + 1) * n_in + i + c] = sum_of(b[c]);
      }
    }
}

/* The derivative by what a rectifier is given, from that by what it returned; and summed over samples for the bias. */
static void through_rectifier(int n, const float *h, float *delta, float *bias) {
  for (int j = 0; j < n; j++) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int k = 0; k < PANEL; k++) {
      const float passed = h[j * PANEL + k] > 0 ? delta[j * PANEL + k] : 0;
      delta[j * PANEL + k] = passed;
      sum += passed;
    }
    bias[j] += sum;
  }
}

/* From delta (PANELS, PANEL), the derivative of the loss by the log odds. */
static void backward(struct network *net, int panels, const float *delta) {
  struct part part[6];
  parts(net, part);
  const int d = net->d, n = net->n;
  float *g = net->gradient, *output = g + part[4].at;
  const float *w = net->weight;
  memset(g, 0, net->n_weight * sizeof(float));
  for (int p = 0; p < panels; p++) {
    const float *h1 = net->h1 + p * n * PANEL, *h2 = net->h2 + p * n * PANEL, *by_z = delta + p * PANEL;
    float *d1 = net->d1 + p * n * PANEL, *d2 = net->d2 + p * n * PANEL;
    for (int j = 0; j < n; j++) {
      const float weight = w[part[4].at + (size_t)j];
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int k = 0; k < PANEL; k++) {
        sum += by_z[k] * h2[j * PANEL + k];
        d2[j * PANEL + k] = by_z[k] * weight;
      }
      output[j] += sum;
    }
    for (int k = 0; k < PANEL; k++) g[part[5].at] += by_z[k];
    through_rectifier(n, h2, d2, g + part[3].at);
    product(n, n, w + part[2].at, 1, (size_t)n, d2, d1);
    through_rectifier(n, h1, d1, g + part[1].at);
  }
  outer(n, n, panels, net->d2, net->h1, g + part[2].at);
  outer(n, d, panels, net->d1, net->input, g + part[0].at);
}

/* Adds the penalty of a batch of m to gradients, which become means, and takes a step of Adam. Returns the sum of squared weights. */
static float update(struct network *net, int m) {
  struct part part[6];
  parts(net, part);
  net->step++;
  const float rate = RATE * (float)(sqrt(1 - pow(MOMENT2, (double)net->step)) / (1 - pow(MOMENT1, (double)net->step)));
  float squares = 0;
  for (int k = 0; k < 6; k++) {
    float *restrict w = net->weight + part[k].at, *restrict v1 = net->first + part[k].at,
                    *restrict v2 = net->second + part[k].at;
    const float *restrict gradient = net->gradient + part[k].at;
    const float penalty = part[k].penalised ? PENALTY : 0, scale = 1 / (float)m;
#pragma omp simd reduction(+ : squares)
    for (size_t i = 0; i < part[k].n; i++) {
      const float g = (gradient[i] + penalty * w[i]) * scale;
      squares += part[k].penalised ? w[i] * w[i] : 0;
      v1[i] = MOMENT1 * v1[i] + (1 - MOMENT1) * g;
      v2[i] = MOMENT2 * v2[i] + (1 - MOMENT2) * g * g;
      w[i] -= rate * v1[i] / (sqrtf(v2[i]) + TINY);
    }
  }
  return squares;
}

/* x (dimension), a row for each sample, into panels; what is left of the last panel is zero. Returns the number of panels. */
static int gather(struct network *net, int dimension, const float *x, int m, const uint32_t *which) {
  const int panels = (m + PANEL - 1) / PANEL;
  memset(net->input, 0, (size_t)(panels * net->d * PANEL) * sizeof(float));
  for (int s = 0; s < m; s++)
    for (int i = 0; i < dimension; i++)
      net->input[(s / PANEL * net->d + i) * PANEL + s % PANEL] = x[(size_t)which[s] * (size_t)dimension + (size_t)i];
  return panels;
}

/* One batch: a step of the optimiser. Returns the summed loss with its penalty, as it was before the step. */
static double train_batch(struct network *net, int dimension, const float *x, size_t n_reference, int m,
                          const uint32_t *which) {
  const int panels = gather(net, dimension, x, m, which);
  float delta[BATCH] = {0};
  double loss = 0;
  forward(net, panels);
  for (int s = 0; s < m; s++) {
    const float label = which[s] >= n_reference, z = net->z[s];
    loss += (double)(log1pf(expf(-fabsf(z))) + (z > 0 ? z : 0) - label * z);
    delta[s] = 1 / (1 + expf(-z)) - label;
  }
  backward(net, panels, delta);
  return loss + 0.5 * (double)(PENALTY * update(net, m));
}

static int train(struct network *net, int dimension, const float *x, size_t n_reference, size_t n, uint32_t *which,
                 int epochs, uint64_t *state) {
  double best = INFINITY;
  int idle = 0, epoch = 0;
  while (epoch < epochs && idle <= PATIENCE) {
    double loss = 0;
    shuffle(n, which, state);
    for (size_t at = 0; at < n; at += BATCH) {
      const int m = n - at < BATCH ? (int)(n - at) : BATCH;
      loss += train_batch(net, dimension, x, n_reference, m, which + at) / (double)n;
    }
    idle = loss > best - TOLERANCE ? idle + 1 : 0;
    best = loss < best ? loss : best;
    epoch++;
  }
  return epoch;
}

static size_t right(struct network *net, int dimension, const float *x, size_t n_reference, size_t n,
                    const uint32_t *which) {
  size_t count = 0;
  for (size_t at = 0; at < n; at += BATCH) {
    const int m = n - at < BATCH ? (int)(n - at) : BATCH;
    forward(net, gather(net, dimension, x, m, which + at));
    for (int s = 0; s < m; s++) count += (net->z[s] > 0) == (which[at + (size_t)s] >= n_reference);
  }
  return count;
}

static double *read_draws(const char *path, int dimension, size_t *rows) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END)) fprintf(stderr, "c2st: cannot read %s\n", path), exit(3);
  const size_t n = (size_t)ftell(file) / sizeof(double);
  double *draws = zeroed(n + 1, sizeof *draws);
  rewind(file);
  if (fread(draws, sizeof *draws, n, file) != n || !n || n % (size_t)dimension)
    fprintf(stderr, "c2st: %s does not hold rows of %d\n", path, dimension), exit(3);
  fclose(file);
  *rows = n / (size_t)dimension;
  return draws;
}

/* Both sets, the reference first, scaled by the reference's means and sds: (2 n, dimension). */
static float *scaled(const char *ours_path, const char *reference_path, int dimension, size_t *n) {
  size_t n_ours, n_reference;
  double *ours = read_draws(ours_path, dimension, &n_ours),
         *reference = read_draws(reference_path, dimension, &n_reference);
  *n = n_ours < n_reference ? n_ours : n_reference;
  const size_t d = (size_t)dimension;
  float *x = zeroed(2 * *n * d, sizeof *x);
  for (size_t i = 0; i < d; i++) {
    double mean = 0, square = 0;
    for (size_t k = 0; k < n_reference; k++) mean += reference[k * d + i] / (double)n_reference;
    for (size_t k = 0; k < n_reference; k++) square += pow(reference[k * d + i] - mean, 2) / (double)n_reference;
    for (size_t k = 0; k < *n; k++) {
      x[k * d + i] = (float)((reference[k * d + i] - mean) / sqrt(square));
      x[(*n + k) * d + i] = (float)((ours[k * d + i] - mean) / sqrt(square));
    }
  }
  free(ours), free(reference);
  return x;
}

static struct network network_of(int dimension) {
  struct network net = {.d = (dimension + INPUTS - 1) / INPUTS * INPUTS, .n = 10 * dimension};
  const size_t n = (size_t)net.n, d = (size_t)net.d;
  net.n_weight = n * d + n + n * n + n + n + 1;
  float **const by_weight[] = {&net.weight, &net.gradient, &net.first, &net.second};
  float **const by_unit[] = {&net.h1, &net.h2, &net.d1, &net.d2};
  for (int k = 0; k < 4; k++) {
    *by_weight[k] = zeroed(net.n_weight, sizeof(float));
    *by_unit[k] = zeroed(n * BATCH, sizeof(float));
  }
  net.input = zeroed(d * BATCH, sizeof(float));
  return net;
}

/* Mean accuracy over folds; *epochs: those of all folds. */
static double accuracy(struct network *net, int dimension, const float *x, size_t n, uint64_t seed, int most,
                       long *epochs) {
  uint64_t state = seed;
  const size_t all = 2 * n;
  uint32_t *order = zeroed(all, sizeof *order), *which = zeroed(all, sizeof *which);
  double sum = 0;
  for (size_t k = 0; k < all; k++) order[k] = (uint32_t)k;
  shuffle(all, order, &state);
  *epochs = 0;
  for (size_t fold = 0; fold < FOLDS; fold++) {
    const size_t from = fold * all / FOLDS, to = (fold + 1) * all / FOLDS, n_train = all - (to - from);
    memcpy(which, order, from * sizeof *which);
    memcpy(which + from, order + to, (all - to) * sizeof *which);
    initialise(net, dimension, &state);
    *epochs += train(net, dimension, x, n, n_train, which, most, &state);
    sum += (double)right(net, dimension, x, n, to - from, order + from) / (double)(to - from);
  }
  free(order), free(which);
  return sum / FOLDS;
}

int main(int argc, char **argv) {
  const int dimension = argc > 1 ? atoi(argv[1]) : 0;
  if (argc < 6 || argc % 2 || dimension < 1)
    return fprintf(stderr, "usage: c2st DIMENSION SEED EPOCHS OURS REFERENCE ...\n"), 2;
  struct network net = network_of(dimension);
  for (int k = 4; k + 1 < argc; k += 2) {
    size_t n;
    long epochs;
    float *x = scaled(argv[k], argv[k + 1], dimension, &n);
    const double score = accuracy(&net, dimension, x, n, strtoull(argv[2], NULL, 10), atoi(argv[3]), &epochs);
    printf("%.6f %ld\n", score, epochs);
    fflush(stdout);
    free(x);
  }
  return 0;
}
