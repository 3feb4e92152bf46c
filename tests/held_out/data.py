"""Makes the simulated data of the held-out posteriors: python data.py FOLDER. Needs numpy; the same bytes with the same version."""
import json
import os
import sys

import numpy as np

FOLDER = sys.argv[1]
RANDOM = np.random.default_rng(7)


def put(name, **data):
    with open(os.path.join(FOLDER, name + ".json"), "w") as out:
        json.dump({key: np.round(value, 4).tolist() if isinstance(value, np.ndarray) else value for key, value in data.items()}, out,
                  separators=(",", ":"))
        out.write("\n")


def garch(n=200):
    y, variance = np.zeros(n), 0.25
    for t in range(n):
        if t:
            variance = 0.1 + 0.4 * (y[t - 1] - 0.5) ** 2 + 0.4 * variance
        y[t] = 0.5 + np.sqrt(variance) * RANDOM.normal()
    put("garch", T=n, y=y)


def hidden_markov(n=100):
    state, y = 0, []
    for _ in range(n):
        if RANDOM.random() < 0.3:
            state = 1 - state
        y.append((3, 9)[state] + RANDOM.normal())
    put("hmm", T=n, y=np.array(y))


def slopes(groups=20, n=200):
    group, x = np.repeat(np.arange(groups), n // groups), RANDOM.normal(size=n)
    b = np.array([1, 0.5]) + RANDOM.multivariate_normal([0, 0], [[1, 0.4], [0.4, 0.5]], groups)
    put("slopes", n=n, G=groups, g=group + 1, x=x, y=b[group, 0] + b[group, 1] * x + 0.7 * RANDOM.normal(size=n))


def ordinal(n=200):
    x = RANDOM.normal(size=n)
    latent = 1.2 * x + RANDOM.logistic(size=n)
    put("ordinal", n=n, x=x, y=1 + (latent[:, None] > np.array([-1.0, 0.2, 1.8])).sum(1))


def survival(n=150):
    x = RANDOM.normal(size=n)
    end = np.round(np.exp(1 + 0.5 * RANDOM.normal(size=n)), 4)
    time = RANDOM.weibull(1.5, n) * np.exp(0.8 + 0.5 * x)
    put("survival", n=n, x=x, end=end, t=np.minimum(time, end))


def horseshoe(n=150, p=20):
    x = RANDOM.normal(size=(n, p))
    eta = 0.3 + 2 * x[:, 0] - 1.5 * x[:, 1]
    put("horseshoe", n=n, x=x, y=(RANDOM.random(n) < 1 / (1 + np.exp(-eta))).astype(int))


def volatility(n=150):
    h = np.zeros(n)
    h[0] = -0.5 + 0.3 * RANDOM.normal()
    for t in range(1, n):
        h[t] = -0.5 + 0.95 * (h[t - 1] + 0.5) + 0.25 * RANDOM.normal()
    put("volatility", T=n, y=np.exp(h / 2) * RANDOM.normal(size=n))


def zero_inflated(n=300, groups=15):
    group = RANDOM.integers(0, groups, n)
    u, x = 0.6 * RANDOM.normal(size=groups), RANDOM.normal(size=n)
    mean = np.exp(1 + 0.4 * x + u[group])
    put("zip", n=n, G=groups, g=group + 1, x=x, y=RANDOM.poisson(mean * RANDOM.gamma(3, 1 / 3, n)) * (RANDOM.random(n) > 0.25))


def kinetics(times=20, step=0.001):
    amount, seen = 0, []
    for k in range(times * 500):
        amount += step * (30 * 0.8 * np.exp(-0.8 * k * step) / 20 - 4 / 20 * amount / (1 + amount))
        if (k + 1) % 500 == 0:
            seen.append(amount)
    put("pk", K=times, c=np.array(seen) * np.exp(0.1 * RANDOM.normal(size=times)))


for make in (garch, hidden_markov, slopes, ordinal, survival, horseshoe, volatility, zero_inflated, kinetics):
    make()
