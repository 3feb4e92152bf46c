"""Figures for test_distributions.c, computed with mpmath from textbook formulas:

    python3 tests/stat/figures.py > tests/stat/figures.h

Working precision is 80 digits; what is printed is rounded to doubles. `log_cdf` and `log_ccdf` are the logarithms of
P(X <= x) and P(X > x), left out where these are nearly 1; for counts sums of probabilities or incomplete integrals."""
from mpmath import mp, mpf, log, exp, sqrt, pi, loggamma, erfc, atan, expm1, log1p, besseli, sin, cos, quad

mp.dps = 80
ROWS = []


def row(name, method, arguments, x, value):
    ROWS.append((name, method, arguments, x, value))


def tails(name, arguments, points, log_density, cdf=None, ccdf=None):
    """ccdf(x) and cdf(x) each without cancellation, or as 1 minus the other at 80 digits."""
    for x in points:
        if log_density:
            row(name, "DENSITY", arguments, x, log_density(mpf(x)))
        if cdf is None and ccdf is None:
            continue
        below = cdf(mpf(x)) if cdf else 1 - ccdf(mpf(x))
        above = ccdf(mpf(x)) if ccdf else 1 - cdf(mpf(x))
        if 0 < below < 0.999:
            row(name, "LOG_CDF", arguments, x, log(below))
        if 0 < above < 0.999:
            row(name, "LOG_CCDF", arguments, x, log(above))


def phi(x):
    return erfc(-x / sqrt(mpf(2))) / 2


def normal(m, s):
    m, s = mpf(m), mpf(s)
    return (lambda x: -((x - m) / s) ** 2 / 2 - log(s) - log(2 * pi) / 2, lambda x: phi((x - m) / s), lambda x: phi((m - x) / s))


def lower_series(a, x):
    total = term = mpf(1)
    n = 0
    while term > total * mp.eps:
        n += 1
        term *= x / (a + n)
        total += term
    return exp(a * log(x) - x - loggamma(a + 1)) * total


def fraction(numerator, denominator):
    """The continued fraction 1 / (b0 + a1 / (b1 + a2 / ...)), by Lentz."""
    tiny = mpf(10) ** -1000
    b = denominator(0)
    c, d = 1 / tiny, 1 / b
    value = d
    n = 0
    while True:
        n += 1
        a, b = numerator(n), denominator(n)
        d = 1 / ((a * d + b) or tiny)
        c = (b + a / c) or tiny
        value *= c * d
        if abs(c * d - 1) < mp.eps:
            return value


def upper_fraction(a, x):
    return exp(a * log(x) - x - loggamma(a)) * fraction(lambda n: -n * (n - a), lambda n: x + 1 - a + 2 * n)


def lower(a, x):
    return lower_series(a, x) if x < a + 1 else 1 - upper_fraction(a, x)


def upper(a, x):
    return upper_fraction(a, x) if x >= a + 1 else 1 - lower_series(a, x)


def ibeta(a, b, x):
    """The share of beta(a, b) below x."""
    if x > (a + 1) / (a + b + 2):
        return 1 - ibeta(b, a, 1 - x)

    def numerator(n):
        m = n // 2
        if n % 2 == 0:
            return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    front = exp(a * log(x) + b * log1p(-x) - loggamma(a) - loggamma(b) + loggamma(a + b)) / a
    return front * fraction(numerator, lambda n: mpf(1))


def gammas(shape, rate):
    a, r = mpf(shape), mpf(rate)
    return (lambda x: a * log(r) - loggamma(a) + (a - 1) * log(x) - r * x, lambda x: lower(a, r * x), lambda x: upper(a, r * x))


def inv_gammas(shape, scale):
    a, s = mpf(shape), mpf(scale)
    return (lambda x: a * log(s) - loggamma(a) - (a + 1) * log(x) - s / x, lambda x: upper(a, s / x), lambda x: lower(a, s / x))


def student(nu, m, s):
    n, m, s = mpf(nu), mpf(m), mpf(s)

    def tail(t):  # P(T < -t)
        half = ibeta(n / 2, mpf(1) / 2, n / (n + t * t)) / 2
        return half if t > 0 else 1 - half
    return (lambda x: loggamma((n + 1) / 2) - loggamma(n / 2) - log(n * pi) / 2 - log(s) - (n + 1) / 2 * log1p(((x - m) / s) ** 2 / n),
            lambda x: tail((m - x) / s), lambda x: tail((x - m) / s))


def betas(a, b):
    a, b = mpf(a), mpf(b)
    return (lambda x: (a - 1) * log(x) + (b - 1) * log1p(-x) - loggamma(a) - loggamma(b) + loggamma(a + b),
            lambda x: ibeta(a, b, x), lambda x: ibeta(b, a, 1 - x))


def counted(log_p, low=0, high=None):
    """Tails by sums of the probabilities."""
    def cdf(x):
        return sum((exp(log_p(mpf(k))) for k in range(low, int(x) + 1)), mpf(0))

    def ccdf(x):
        if high is not None:
            return sum((exp(log_p(mpf(k))) for k in range(int(x) + 1, high + 1)), mpf(0))
        total, k = mpf(0), int(x) + 1
        while True:
            p = exp(log_p(mpf(k)))
            total += p
            k += 1
            if p < total * mpf(10) ** -60:
                return total
    return log_p, cdf, ccdf


def choose(n, k):
    return loggamma(n + 1) - loggamma(k + 1) - loggamma(n - k + 1)


def poisson(m):
    m = mpf(m)
    return counted(lambda x: x * log(m) - m - loggamma(x + 1))


def binomials(n, p):
    n, p = mpf(n), mpf(p)
    return counted(lambda x: choose(n, x) + x * log(p) + (n - x) * log1p(-p), 0, int(n))


def neg_binomial(mean, size):
    m, r = mpf(mean), mpf(size)
    return counted(lambda x: loggamma(x + r) - loggamma(r) - loggamma(x + 1) + x * log(m / (m + r)) - r * log1p(m / r))


def beta_binomial(n, a, b):
    n, a, b = mpf(n), mpf(a), mpf(b)
    return counted(lambda x: choose(n, x) + loggamma(x + a) + loggamma(n - x + b) - loggamma(n + a + b)
                   + loggamma(a + b) - loggamma(a) - loggamma(b), 0, int(n))


def beta_neg_binomial(r, a, b):
    r, a, b = mpf(r), mpf(a), mpf(b)
    return lambda x: (loggamma(r + x) - loggamma(r) - loggamma(x + 1) + loggamma(a + r) + loggamma(b + x) - loggamma(a + b + r + x)
                      - loggamma(a) - loggamma(b) + loggamma(a + b))


def hypergeometric(d, m, u):
    d, m, u = mpf(d), mpf(m), mpf(u)
    return counted(lambda x: choose(m, x) + choose(u, d - x) - choose(m + u, d), int(max(0, d - u)), int(min(d, m)))


def exgaussian(mu, sigma, rate):
    m, s, r = mpf(mu), mpf(sigma), mpf(rate)

    def part(x):
        return exp(r * (m - x) + (r * s) ** 2 / 2) * phi((x - m) / s - r * s)
    return (lambda x: log(r) + log(part(x)), lambda x: phi((x - m) / s) - part(x), lambda x: phi((m - x) / s) + part(x))


def wald(mean, shape):
    m, l = mpf(mean), mpf(shape)
    return (lambda x: (log(l) - log(2 * pi) - 3 * log(x)) / 2 - l * (x - m) ** 2 / (2 * m * m * x),
            lambda x: phi(sqrt(l / x) * (x / m - 1)) + exp(2 * l / m) * phi(-sqrt(l / x) * (x / m + 1)),
            lambda x: phi(-sqrt(l / x) * (x / m - 1)) - exp(2 * l / m) * phi(-sqrt(l / x) * (x / m + 1)))


def von_mises(kappa):
    k = mpf(kappa)
    density = lambda x: k * cos(x) - log(2 * pi * besseli(0, k))
    def share(x):
        step = 1 / sqrt(k)
        ends = [-pi] + [e for e in (-12 * step, -4 * step, -step, mpf(0), step, 4 * step) if -pi < e < x] + [x]
        return quad(lambda t: exp(density(t)), ends)
    return density, share


def skew_normal(m, s, a):
    m, s, a = mpf(m), mpf(s), mpf(a)
    return lambda x: log(2) - ((x - m) / s) ** 2 / 2 - log(s) - log(2 * pi) / 2 + log(phi(a * (x - m) / s))


def cauchy_tail(z):
    return atan(1 / z) / pi if z > 0 else mpf(1) / 2 - atan(z) / pi


tails("normal", (0, 1), (-30, -9, -1, 0.5, 12, 37), *normal(0, 1))
tails("lognormal", (0, 1), (1e-10, 0.3, 50, 1e12), lambda x: normal(0, 1)[0](log(x)) - log(x), lambda x: phi(log(x)), lambda x: phi(-log(x)))
for nu in (0.3, 4, 1e6, 1e30):
    tails("student_t", (nu, 0, 1), (-1e10, -40, -3, 0.2, 9), *student(nu, 0, 1))
tails("student_t", (3, 0, 1), (-1e140, 1e100), *student(3, 0, 1))
tails("half_student_t", (3, 1), (1e-8, 1, 50, 1e20), lambda x: log(2) + student(3, 0, 1)[0](x), None, lambda x: 2 * student(3, 0, 1)[2](x))
tails("cauchy", (0, 1), (-1e20, -50, 0.1, 1e9), lambda x: -log(pi) - log1p(x * x), lambda x: cauchy_tail(-x), cauchy_tail)
tails("half_cauchy", (5,), (1e-3, 3, 1e12), lambda x: log(2 / pi) - log(5) - log1p(x * x / 25), None, lambda x: 2 * cauchy_tail(x / 5))
tails("logistic", (0, 1), (-800, -30, 0.5, 40), lambda x: -abs(x) - 2 * log1p(exp(-abs(x))), lambda x: 1 / (1 + exp(-x)), lambda x: 1 / (1 + exp(x)))
tails("laplace", (0, 1), (-700, -2, 0.5, 900), lambda x: -abs(x) - log(2), lambda x: exp(x) / 2 if x < 0 else 1 - exp(-x) / 2,
      lambda x: exp(-x) / 2 if x > 0 else 1 - exp(x) / 2)
tails("gumbel", (0, 1), (-5, 0.2, 50, 600), lambda x: -x - exp(-x), lambda x: exp(-exp(-x)), lambda x: -expm1(-exp(-x)))
for xi in (0.3, 1e-5, -0.1):
    y = lambda x, xi=xi: log1p(mpf(xi) * x) / mpf(xi)
    tails("gev", (0, 1, xi), (-2, 0.5, 9), lambda x: -(1 + mpf(xi)) * y(x) - exp(-y(x)), lambda x: exp(-exp(-y(x))), lambda x: -expm1(-exp(-y(x))))
for xi in (0.3, 1e-7, 2):
    y = lambda x, xi=xi: log1p(mpf(xi) * x) / mpf(xi)
    tails("generalized_pareto", (0, 1, xi), (1e-5, 3, 300), lambda x: -(1 + mpf(xi)) * y(x), None, lambda x: exp(-y(x)))
for a, r in ((2, 1), (0.01, 3), (50, 0.5), (1e6, 1e3)):
    mean = a / r
    tails("gamma", (a, r), (mean * 1e-3, mean * 0.5, mean * 1.1, mean * 4, mean * 90), *gammas(a, r))
tails("gamma", (2, 1), (1e-200, 800), *gammas(2, 1))
for a, s in ((2, 1), (40, 3)):
    tails("inv_gamma", (a, s), (s / a * 0.01, s / a, s / a * 8, s / a * 1e4), *inv_gammas(a, s))
tails("chi_square", (5,), (1e-30, 4, 3000), *gammas(2.5, 0.5))
tails("inv_chi_square", (5,), (1e-3, 0.3, 1e6), *inv_gammas(2.5, 0.5))
tails("weibull", (1.5, 2), (1e-9, 1, 400), lambda x: log(mpf(1.5)) - log(2) + log(x / 2) / 2 - (x / 2) ** 1.5, None, lambda x: exp(-(x / 2) ** 1.5))
tails("frechet", (2, 1), (0.05, 1, 1e9), lambda x: log(2) - 3 * log(x) - x ** -2, lambda x: exp(-x ** -2), lambda x: -expm1(-x ** -2))
tails("rayleigh", (1,), (1e-6, 1, 60), lambda x: log(x) - x * x / 2, None, lambda x: exp(-x * x / 2))
tails("pareto", (1, 2), (1.001, 5, 1e50), lambda x: log(2) - 3 * log(x), None, lambda x: x ** -2)
tails("log_logistic", (2, 1.5), (1e-100, 1, 1e90), lambda x: log(mpf(1.5)) - log(2) + log(x / 2) / 2 - 2 * log1p((x / 2) ** 1.5),
      lambda x: 1 / (1 + (x / 2) ** -1.5), lambda x: 1 / (1 + (x / 2) ** 1.5))
for m, l in ((1, 1), (3, 0.5), (0.5, 200)):
    tails("wald", (m, l), (m * 0.02, m * 0.5, m * 1.5, m * 40), *wald(m, l))
for m, s, r in ((0, 1, 1), (0.4, 0.01, 50)):
    tails("exgaussian", (m, s, r), (m - 8 * s, m, m + 3 * s, m + 3 * s + 40 / r), *exgaussian(m, s, r))
for a in (4, -1.5):
    for x in (-3, 0.1, 9):
        row("skew_normal", "DENSITY", (0, 1, a), x, skew_normal(0, 1, a)(mpf(x)))
for a, b in ((2, 3), (0.5, 0.5), (0.01, 500), (3e4, 2e4), (700, 1)):
    mean = a / (a + b)
    tails("beta", (a, b), (mean * 1e-3, mean * 0.5, mean, 1 - (1 - mean) * 0.5), *betas(a, b))
for a, b in ((1e6, 1e8), (3e8, 7e8), (1e12, 1e8), (50, 1e12)):
    mean, sd = a / (a + b), sqrt(a * b / (a + b)) / (a + b)
    tails("beta", (a, b), [float(mean + z * sd) for z in (-6, -3, 0.01, 4)], None, *betas(a, b)[1:])
for x in (1e-12, 0.5, 1 - 1e-12):
    k = mpf(0.001)
    row("kumaraswamy", "DENSITY", (0.001, 3), x, log(3 * k) + (k - 1) * log(mpf(x)) + 2 * log(-expm1(k * log(mpf(x)))))
for x in (1e-7, -3e-6):
    row("von_mises", "DENSITY", (0, 1e12), x, -2e12 * sin(mpf(x) / 2) ** 2 - log(2 * pi * besseli(0, 1e12) * exp(mpf(-1e12))))
for k in (0.01, 2, 20, 700, 5000):
    d, share = von_mises(k)
    mp.dps = 40
    for x in (-3, -1 / sqrt(mpf(1 + k)), 2 / sqrt(mpf(1 + k))):
        row("von_mises", "DENSITY", (0, k), float(x), d(mpf(float(x))))
        if share(mpf(float(x))) > mpf(10) ** -300:
            row("von_mises", "CDF", (0, k), float(x), share(mpf(float(x))))
    mp.dps = 80
for m in (0.02, 3, 400):
    tails("poisson", (m,), (0, int(m), int(2 * m) + 5, int(3 * m) + 60), *poisson(m))
for n, p in ((10, 0.3), (1000, 0.005), (500, 0.97)):
    tails("binomial", (n, p), (0, int(n * p / 2), int(n * p), int(n * (1 + p) / 2)), *binomials(n, p))
for m, r in ((3, 0.7), (8, 1e6), (200, 20), (3, 1e12), (1000, 1e20)):
    tails("neg_binomial", (m, r), (0, int(m), int(3 * m) + 40), *neg_binomial(m, r))
for n, a, b in ((10, 2, 3), (200, 0.5, 30), (100, 1e8, 2e8)):
    tails("beta_binomial", (n, a, b), (0, n // 5, n // 2, n - 2), *beta_binomial(n, a, b))
for r, a, b in ((3, 8, 2), (0.7, 1e9, 20)):
    for x in (0, 4, 500):
        row("beta_neg_binomial", "DENSITY", (r, a, b), x, beta_neg_binomial(r, a, b)(mpf(x)))
tails("hypergeometric", (60, 100, 40), (21, 35, 43, 58), *hypergeometric(60, 100, 40))

print("/* Written by tests/stat/figures.py, which says how they were computed. */")
print("static const struct figure tail_figures[] = {")
for name, method, arguments, x, value in ROWS:
    value = mp.nstr(value, 17, min_fixed=0, max_fixed=0)
    print("    {\"%s\", %s, {%s}, %r, %s}," % (name, method, ", ".join(repr(a) for a in arguments), float(x), value))
print("};")
