"""What c2st.c computes, by scikit-learn's MLPClassifier, with the same arguments and the same output:
  python c2st_peer.py DIMENSION SEED EPOCHS OURS REFERENCE ..."""
import sys
import warnings

import numpy as np
from sklearn.model_selection import KFold
from sklearn.neural_network import MLPClassifier


def c2st(ours, reference, seed, epochs):
    """5-fold accuracy in telling draws from reference draws: 0.5 is perfect; and the epochs of all folds."""
    n = min(len(ours), len(reference))
    centre, scale = reference.mean(axis=0), reference.std(axis=0)
    x = (np.concatenate([reference[:n], ours[:n]]) - centre) / scale
    label, width = np.repeat([0, 1], n), 10 * x.shape[1]
    accuracies, used = [], 0
    for train, test in KFold(n_splits=5, shuffle=True, random_state=seed).split(x):
        classifier = MLPClassifier(hidden_layer_sizes=(width, width), max_iter=epochs, random_state=seed).fit(x[train], label[train])
        accuracies.append(classifier.score(x[test], label[test]))
        used += classifier.n_iter_
    return np.mean(accuracies), used


def main():
    dimension, seed, epochs = (int(number) for number in sys.argv[1:4])
    warnings.simplefilter("ignore")  # that the epochs were used up is no news
    for pair in zip(sys.argv[4::2], sys.argv[5::2]):
        ours, reference = (np.fromfile(path).reshape(-1, dimension) for path in pair)
        print(*c2st(ours, reference, seed, epochs), flush=True)


if __name__ == "__main__":
    main()
