"""Classifier two-sample tests: our classifier (c2st.c) for all of them, scikit-learn's (c2st_peer.py) for some, to see that the two
agree. Draws are files of doubles, row-major; `doubles` makes them from CSV."""
import array
import csv
import gzip
import os
import random
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FLAGS = "-std=gnu17 -O3 -march=native -fno-math-errno -fno-trapping-math -fno-signed-zeros -fopenmp-simd".split()
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def rows_of(path, n):
    """The first n rows of a CSV file of draws, possibly gzipped: (numbers, weight); columns that end in __ are no draws."""
    with (gzip.open if path.endswith(".gz") else open)(path, "rt") as lines:
        rows = csv.reader(line for line in lines if not line.startswith("#"))
        names = next(rows)
        kept = [k for k, name in enumerate(names) if not name.endswith("__")]
        weight = names.index("weight__") if "weight__" in names else None
        for _, row in zip(range(n), rows):
            yield [float(row[k]) for k in kept], float(row[weight]) if weight is not None else 1


def written(path, rows):
    """The rows as doubles; returns the path."""
    with open(path, "wb") as out:
        for row in rows:
            array.array("d", row).tofile(out)
    return path


def doubles(source, n, path):
    return written(path, (row for row, _weight in rows_of(source, n)))


def thinned(source, n, path, seed):
    """n distinct draws from weighted ones: each is kept with probability min(1, weight / most), where `most` is such that n are to be
    expected. Returns the path and the share of the weight that lies above `most` and is lost."""
    rows = list(rows_of(source, sys.maxsize))
    weights = sorted(weight for _row, weight in rows)
    tail, below = len(weights), sum(weights)
    while tail and weights[tail - 1] > 0 and below / weights[tail - 1] + len(weights) - tail < n:
        tail -= 1
        below -= weights[tail]
    most = below / max(n - (len(weights) - tail), 1)
    lost = sum(weight - most for weight in weights[tail:]) / sum(weights)
    generator = random.Random(seed)
    return written(path, [row for row, weight in rows if generator.random() * most < weight]), lost


class Classifier:
    def __init__(self, folder, python, epochs):
        """python: one that has scikit-learn, or None. epochs: of a training at most, 1000 in the definition."""
        self.python, self.epochs = python, epochs
        self.program = os.path.join(folder, "c2st")
        subprocess.run([os.environ.get("CC", "cc"), *FLAGS, os.path.join(HERE, "c2st.c"), "-lm", "-o", self.program], check=True)

    def scores(self, dimension, pairs, seed, peer=False):
        """C2ST of each (ours, reference)."""
        command = [self.python, os.path.join(HERE, "c2st_peer.py")] if peer else [self.program]
        done = subprocess.run([*command, str(dimension), str(seed), str(self.epochs), *(path for pair in pairs for path in pair)],
                              capture_output=True, text=True, env={**os.environ, **ONE_THREAD})
        if done.returncode:
            sys.exit(done.stderr[-2000:])
        return [float(line.split()[0]) for line in done.stdout.splitlines()]


def validation(table, classifier, folder, quick):
    """Both classifiers on pairs of normal samples: equal, shifted, wider, correlated."""
    if not classifier.python:
        table.add("classifier: score less scikit-learn's, mean", None, 0.005, note="no scikit-learn")
        return
    changes = {"equal": lambda row: row, "shifted": lambda row: [value + 0.3 / len(row) for value in row],
               "wider": lambda row: [1.1 * value for value in row],
               "correlated": lambda row: [row[0]] + [0.98 * b + 0.2 * a for a, b in zip(row, row[1:])]}
    differences, told = [], []
    for dimension, n, seeds in ((2, 10000, 1), (10, 2000, 1)) if quick else ((2, 10000, 5), (5, 4000, 3), (10, 4000, 1)):
        for name, change in changes.items():
            ours, peers = [], []
            for seed in range(1, seeds + 1):
                generator = random.Random(f"{dimension} {name} {seed}")
                sample = lambda: [[generator.gauss(0, 1) for _ in range(dimension)] for _ in range(n)]
                pair = (written(os.path.join(folder, "ours"), map(change, sample())), written(os.path.join(folder, "reference"), sample()))
                ours += classifier.scores(dimension, [pair], seed)
                peers += classifier.scores(dimension, [pair], seed, peer=True)
            differences += [a - b for a, b in zip(ours, peers)]
            told.append(f"{name} in {dimension}: {statistics.fmean(ours):.4f} and {statistics.fmean(peers):.4f}")
    error = statistics.stdev(differences) / len(differences) ** 0.5
    table.add("classifier: score less scikit-learn's, mean, without its sign", abs(statistics.fmean(differences)), 0.005,
              note=f"{len(differences)} pairs, standard error {error:.4f}; ours and scikit-learn's: " + "; ".join(told))
