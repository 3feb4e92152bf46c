"""Self-consistency (set up as in Mishra et al., ICLR 2026): normal means in ten dimensions, 1,024 simulations, 32 unlabelled
data sets whose means are uniform on 0 .. 5. Draws of the network alone, at an observed mean of 4 in every coordinate."""
import csv
import json
import math
import os
import random
import statistics
import tempfile

from measure import floe

SPEC = """model means "Means of normal numbers in ten dimensions"

index coordinate = 10
index repeat = 10
param mu[coordinate] ~ normal(0, 1)
obs y[coordinate, repeat]
y[coordinate, repeat] ~ normal(mu[coordinate], 1)
report mu
network {{
  simulations = 1024
  epochs = 400
  ensemble = 1
  consistency = {0}
  rejuvenation = {0}
}}
"""
DIMENSIONS, REPEATS, OBSERVED, TEST_SETS = 10, 10, 4, 20


def write(path, rows):
    with open(path, "w") as file:
        json.dump({"y": rows}, file)


def unlabelled(generator, folder):
    paths = [os.path.join(folder, f"unlabelled{k}.json") for k in range(32)]
    for path in paths:
        means = [generator.uniform(0, 5) for _ in range(DIMENSIONS)]
        write(path, [[generator.gauss(mean, 1) for _ in range(REPEATS)] for mean in means])
    return paths


def observed(generator, path):
    """A data set whose mean is OBSERVED in every coordinate: the posterior is normal(OBSERVED n / (n + 1), 1 / sqrt(n + 1))."""
    rows = [[generator.gauss(0, 1) for _ in range(REPEATS)] for _ in range(DIMENSIONS)]
    write(path, [[value - statistics.mean(row) + OBSERVED for value in row] for row in rows])


def draws(path):
    with open(path) as file:
        rows = list(csv.reader(line for line in file if not line.startswith("#")))
    columns = [k for k, name in enumerate(rows[0]) if name.startswith("mu")][:DIMENSIONS]
    return [[float(row[column]) for row in rows[1:]] for column in columns]


def train_and_test(setting, seed, sets):
    """The largest bias of a coordinate, the smallest and the largest ratio of sds, as means over the test sets; CPU seconds
    of the training."""
    generator = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        spec, data, out = (os.path.join(folder, name) for name in ("means.floe", "data.json", "draws.csv"))
        with open(spec, "w") as file:
            file.write(SPEC.format(setting))
        more = [word for path in unlabelled(generator, folder) for word in ("--unlabelled", path)]
        study = ("--study", os.path.join(folder, "study"), "--threads", 1, "--seed", seed, "-q")
        training = floe("train", spec, *more, *study)
        bias, ratio = [0] * DIMENSIONS, [0] * DIMENSIONS
        for _ in range(sets):
            observed(generator, data)
            floe("infer", spec, data, "--rungs", 1, *study, "-o", out)
            for k, values in enumerate(draws(out)):
                bias[k] += (statistics.mean(values) - OBSERVED * REPEATS / (REPEATS + 1)) / sets
                ratio[k] += statistics.stdev(values) * math.sqrt(REPEATS + 1) / sets
        return max(map(abs, bias)), min(ratio), max(ratio), training.cpu


def consistency(table, quick):
    seeds, sets = ((1,), 5) if quick else ((1, 2, 3), TEST_SETS)
    runs = {setting: [train_and_test(setting, seed, sets) for seed in seeds] for setting in ("on", "off")}
    held, alone = list(zip(*runs["on"])), list(zip(*runs["off"]))
    times = statistics.median(a / b for a, b in zip(held[3], alone[3]))
    note = (f"observed mean {OBSERVED}, {sets} test sets, {len(seeds)} seeds; by simulations alone, in 1/{times:.1f} of the time: bias "
            f"{statistics.median(alone[0]):.3f}, ratios of sds {statistics.median(alone[1]):.2f} to {statistics.median(alone[2]):.2f}")
    table.add("self-consistency: largest bias of a coordinate", list(held[0]), 0.1, note=note)
    table.add("self-consistency: smallest ratio of sds", list(held[1]), 0.8, at_most=False, note=note)
    table.add("self-consistency: largest ratio of sds", list(held[2]), 1.25, note=note)
