"""Classifier two-sample tests as the sbibm benchmark defines them: python c2st.py SEED N ITERATIONS PAIR ...; a PAIR is OURS:REFERENCE,
two CSV files of draws, possibly gzipped; columns that end in __ are left out. N: at most so many draws of each. ITERATIONS: of the
classifier's training at most, 1000 in the definition. Prints a score a line. Runs where scikit-learn is."""
import csv
import gzip
import sys
import warnings

import numpy as np
from sklearn.model_selection import KFold, cross_val_score
from sklearn.neural_network import MLPClassifier


def read(path, n):
    with (gzip.open if path.endswith(".gz") else open)(path, "rt") as lines:
        rows = csv.reader(line for line in lines if not line.startswith("#"))
        kept = [k for k, name in enumerate(next(rows)) if not name.endswith("__")]
        return np.array([[float(row[k]) for k in kept] for _, row in zip(range(n), rows)])


def c2st(ours, reference, seed, iterations):
    """5-fold accuracy in telling draws from reference draws: 0.5 is perfect."""
    n = min(len(ours), len(reference))
    centre, scale = reference.mean(axis=0), reference.std(axis=0)
    x = (np.concatenate([reference[:n], ours[:n]]) - centre) / scale
    width = 10 * x.shape[1]
    classifier = MLPClassifier(hidden_layer_sizes=(width, width), max_iter=iterations, solver="adam", random_state=seed)
    folds = KFold(n_splits=5, shuffle=True, random_state=seed)
    return cross_val_score(classifier, x, np.repeat([0, 1], n), cv=folds, scoring="accuracy").mean()


def main():
    seed, n, iterations = (int(number) for number in sys.argv[1:4])
    warnings.simplefilter("ignore")  # that the iterations were used up is no news
    for pair in sys.argv[4:]:
        ours, reference = (read(path, n) for path in pair.split(":"))
        print(c2st(ours, reference, seed, iterations), flush=True)


if __name__ == "__main__":
    main()
