"""bench/run neural: the network against reference posteriors. Tasks of the sbibm benchmark at 10,000 simulations (C2ST, training
time), the speed of a training step as a share of the processor's peak, by each set of kernels, and of draws; sbi beside it."""
import argparse
import csv
import json
import math
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile

from c2st import Classifier, doubles, thinned, validation, written
from measure import FLOE, ROOT, Measured, Table, floe, peer
from neural_consistency import consistency
from neural_covid import covid
from neural_scaling import family, scaling

REFERENCE = os.environ.get("FLOE_REFERENCE_DATA") or os.path.join(os.path.dirname(ROOT), "shared", "data")
HERE = os.path.join(ROOT, "bench")
SIMULATIONS = 10000
MANY = 60000  # where only time counts
PROPOSALS = 20  # draws of the network for one that its weight keeps
# Targets of C2ST by the network alone, and with weights by the density; sbi's flow that was the better one.
TASKS = {"two_moons": (0.54, 0.53, "nsf"), "gaussian_linear": (0.53, 0.53, "maf"), "sir": (0.60, 0.53, "nsf"),
         "bernoulli_glm": (0.62, 0.53, "maf")}


class Task:
    """One spec in a folder of its own, with its observations as files of data and its reference draws."""

    def __init__(self, name, folder):
        self.name, self.folder = name, folder
        self.spec = shutil.copy(os.path.join(HERE, "sbibm", name + ".floe"), folder)
        self.source = os.path.join(REFERENCE, "sbibm", name)
        self.rows = []
        path = os.path.join(self.source, "observations.csv")
        if os.path.exists(path):
            with open(path) as lines:
                self.rows = [[float(value) for value in row] for row in list(csv.reader(lines))[1:]]

    def data(self, k):
        """The file of observation k."""
        with open(self.spec) as spec:
            single = any(line.split()[:1] == ["obs"] and line.split()[1].startswith("y[") for line in spec)
        row = [int(value) if value == int(value) else value for value in self.rows[k]]
        path = os.path.join(self.folder, f"{self.name}-{k}.json")
        with open(path, "w") as out:
            json.dump({"y": row} if single else {f"data_{j + 1}": value for j, value in enumerate(row)}, out)
        return path

    def dimension(self):
        return 2 if self.name in ("two_moons", "sir") else 10

    def reference(self, k, n):
        """A file of n draws from the posterior of observation k, as doubles."""
        path = os.path.join(self.folder, f"{self.name}-reference-{k}")
        if self.name == "gaussian_linear":
            draw = random.Random(k)  # the posterior is N(y / 2, variance 0.05 I)
            return written(path, ([draw.gauss(y / 2, math.sqrt(0.05)) for y in self.rows[k]] for _ in range(n)))
        return path if os.path.exists(path) else doubles(os.path.join(self.source, f"reference_posterior_{k + 1}.csv.gz"), n, path)

    def train(self, seed, settings=None, environment=None):
        """Trains from nothing; the measured process and training.json."""
        study = os.path.join(self.folder, f"{self.name}.study")
        self.trained = spec = self.spec
        if settings:
            with open(self.spec) as text:
                plain = text.read()
            head, tail = plain.split("network {")
            self.trained = spec = os.path.join(self.folder, "changed.floe")
            with open(spec, "w") as out:
                out.write(head + "network {\n" + "".join(f"  {key} = {value}\n" for key, value in settings.items()) + "}\n")
        run = floe("train", spec, "--fresh", "--seed", seed, "--threads", 1, "--study", study, "--quiet", environment=environment)
        with open(os.path.join(study, "training.json")) as text:
            return run, json.load(text)

    def draw(self, k, n, rungs, seed):
        """A file of n draws from the answer for observation k, on rung 2 with weights."""
        path = os.path.join(self.folder, f"{self.name}-draws-{k}-{rungs}.csv")
        floe("infer", self.trained, self.data(k), "--rungs", rungs, "--draws", n, "--threads", 1, "--seed", seed,
             "--output", path, "--quiet", "--study", os.path.join(self.folder, f"{self.name}.study"))
        return path


def tested(classifier, task, options, seed, weighted):
    """C2ST of each observation, and the largest share of weight that was lost in making distinct draws from weighted ones."""
    pairs, lost = [], 0
    for k in range(min(options.observations, len(task.rows))):
        path = os.path.join(task.folder, f"ours-{k}")
        if weighted:
            path, share = thinned(task.draw(k, PROPOSALS * options.draws, 2, seed), options.draws, path, seed)
            lost = max(lost, share)
        else:
            doubles(task.draw(k, options.draws, 1, seed), options.draws, path)
        pairs.append((path, task.reference(k, options.draws)))
    return classifier.scores(task.dimension(), pairs, seed), lost


def accuracy(table, task, options, python):
    """C2ST over observations and seeds, for the network alone, reweighted, and for an ensemble; CPU seconds from nothing to the
    network. One score is scikit-learn's as well, to see that the classifiers agree."""
    target, weighted_target, flow = TASKS[task.name]
    if not task.rows:
        table.add(f"{task.name}: C2ST of the network", None, target, note="no reference posteriors: FLOE_REFERENCE_DATA names their folder")
        return
    classifier = Classifier(task.folder, python, options.iterations)
    seconds, alone, weighted, lost, same = [], [], [], 0, ""
    for seed in range(1, options.seeds + 1):
        seconds.append(task.train(seed)[0].cpu)
        alone.append(tested(classifier, task, options, seed, False)[0])
        if seed == 1 and python:
            pair = [(os.path.join(task.folder, "ours-0"), task.reference(0, options.draws))]
            same = f"; observation 1: {alone[0][0]:.4f}, by scikit-learn {classifier.scores(task.dimension(), pair, 1, peer=True)[0]:.4f}"
        scores, share = tested(classifier, task, options, seed, True)
        weighted.append(scores)
        lost = max(lost, share)
        print(f"  {task.name}, seed {seed}: {statistics.mean(alone[-1]):.4f}, weighted {statistics.mean(scores):.4f}", file=sys.stderr)
    sbi = against_sbi(task, flow, options, classifier)
    told = f"{options.observations} observations, {options.draws} draws, at most {options.iterations} epochs of the classifier"
    table.add(f"{task.name}: C2ST of the network", mean_of(alone), target, peer=sbi.get("c2st"),
              note=f"{options.seeds} seeds, {told}{spread_of(alone)}{same}" + (f"; peer: sbi, {flow}, one seed" if sbi else ""))
    table.add(f"{task.name}: C2ST of weighted draws", mean_of(weighted), weighted_target,
              note=f"{options.seeds} seeds, {told}{spread_of(weighted)}; distinct draws of {PROPOSALS} times as many proposals, "
                   f"at most {100 * lost:.2g}% of the weight lost")
    peer_seconds = sbi.get("seconds")
    table.add(f"{task.name}: from nothing to the network", seconds, peer_seconds / 5 if peer_seconds else 60, peer=peer_seconds,
              unit="CPU s", note="with compiling and simulating; " + (f"peer: sbi, training alone, {flow}, {sbi['epochs']} epochs; "
                                                                      "target: a fifth of it" if peer_seconds else "no peer: the target is a minute"))
    run, _training = task.train(1, {"simulations": SIMULATIONS, "ensemble": 4, "consistency": "off"})
    together = [tested(classifier, task, options, 1, False)[0]]
    table.add(f"{task.name}: C2ST of an ensemble of four", mean_of(together), target,
              note=f"one seed, {told}{spread_of(together)}; {run.cpu:.0f} CPU s from nothing")


def mean_of(scores):
    """Over seeds and observations: scores[seed][observation]."""
    return statistics.mean(map(statistics.mean, scores))


def spread_of(scores):
    """The standard errors: of all scores, and over seeds, whose means share the observations."""
    every = [score for row in scores for score in row]
    if len(every) < 2:
        return ""
    error = f"; standard error {statistics.stdev(every) / math.sqrt(len(every)):.4f}"
    means = list(map(statistics.mean, scores))
    return error + (f", over seeds alone {statistics.stdev(means) / math.sqrt(len(means)):.4f} ({min(means):.4f} .. {max(means):.4f})"
                    if len(means) > 1 else "")


def against_sbi(task, flow, options, classifier):
    """What sbi makes of the same number of simulations; {} where it cannot be had or is not asked for."""
    sbi = None if options.quick or options.no_peer else peer("sbi")
    if not sbi or not task.rows:
        return {}
    path = os.path.join(task.folder, "simulations.csv")
    floe("simulate", task.spec, "--draws", SIMULATIONS, "--output", path, "--quiet")
    numbers = range(min(options.observations, len(task.rows)))
    wanted = []
    for k in numbers:
        wanted += [",".join(map(str, task.rows[k])), os.path.join(task.folder, f"sbi-{k}.csv")]
    done = Measured([sbi, os.path.join(HERE, "sbi_peer.py"), path, str(task.dimension()), flow, "0", str(options.draws), *wanted])
    if done.code:
        print(done.err[-2000:], file=sys.stderr)
        return {}
    result = printed(done)
    pairs = [(doubles(wanted[2 * k + 1], options.draws, wanted[2 * k + 1] + ".doubles"), task.reference(k, options.draws)) for k in numbers]
    result["c2st"] = statistics.mean(classifier.scores(task.dimension(), pairs, 1))
    return result


def printed(done):
    """The JSON object among what sbi says."""
    return json.loads(next(line[line.index("{"):] for line in done.out.splitlines() if '{"seconds"' in line))


def peak(folder):
    """GFLOP/s of fused multiply-adds on one core; None without a C compiler."""
    program = os.path.join(folder, "peak")
    if subprocess.run([os.environ.get("CC", "cc"), "-O3", "-march=native", "-o", program, os.path.join(HERE, "peak.c")]).returncode:
        return None
    return float(Measured([program]).out)


def step_rate(task, settings, panel):
    """Samples a CPU second through forward, backward and the optimiser: two trainings of different length, so that what both do once
    falls out; and the arithmetic of a sample, 6 for each weight (a product there, two on the way back). So many simulations that neither
    ends early."""
    runs = []
    for epochs in (1, 5):
        run, training = task.train(1, {**settings, "epochs": epochs}, {"FLOE_PANEL": panel} if panel else None)
        runs.append((training["curve"][-1][0], run.cpu, training["weights"]))
    samples, seconds = runs[1][0] - runs[0][0], runs[1][1] - runs[0][1]
    return samples / seconds, 6e-9 * runs[0][2] * samples / seconds


def throughput(table, folder, options):
    task = Task("two_moons", folder)
    wide = {"simulations": MANY, "ensemble": 1, "consistency": "off", "width": 128}
    best = peak(folder)
    rates = []
    for _ in range(1 if options.quick else 3):
        rates.append(step_rate(task, wide, None))
    speed, arithmetic = (statistics.median(column) for column in zip(*rates))
    table.add("training, sub-networks of width 128, share of the FMA peak", arithmetic / best if best else None, 0.65, at_most=False,
              note=f"{arithmetic:.1f} GFLOP/s of {best:.1f}; splines, optimiser and held-out losses count as time" if best else "no C compiler")
    portable = step_rate(task, wide, "blas")[0]
    table.add("training, the path through BLAS, times slower", speed / portable, 1.3, note=f"{portable:.0f} samples/s")
    usual = step_rate(task, {"simulations": MANY, "ensemble": 1, "consistency": "off"}, None)[0]
    sbi = sbi_rate(task, options)
    table.add("training at default sizes, samples a second", usual, 5 * sbi if sbi else 5e4, at_most=False, peer=sbi, unit="per CPU s",
              note="peer: sbi, nsf, batch 200" if sbi else "no peer: the target is ours")


def sbi_rate(task, options):
    python = peer("sbi")
    if not python:
        return None
    path = os.path.join(task.folder, "simulations.csv")
    floe("simulate", task.spec, "--draws", SIMULATIONS, "--output", path, "--quiet")
    done = Measured([python, os.path.join(HERE, "sbi_peer.py"), path, "2", "nsf", "3" if options.quick else "10", "1"])
    return printed(done)["samples_per_second"] if not done.code else None


def linked(folder, study, name, main):
    """A program of the study's C and one of ours in place of its main, linked with the library as studies are."""
    build = os.path.dirname(FLOE)
    with open(os.path.join(build, "Makefile")) as file:
        made = dict(line.rstrip("\n").split(" = ", 1) for line in file if line.startswith(("STUDY_CFLAGS = ", "STUDY_LIBRARIES = ")))
    program = os.path.join(folder, name)
    subprocess.run([os.environ.get("CC", "cc"), *made["STUDY_CFLAGS"].split(), "-I" + ROOT, "-I" + os.path.join(ROOT, "runtime", "include"),
                    "-o", program, study, main, os.path.join(build, "libfloe.a"), *made["STUDY_LIBRARIES"].split()], check=True)
    return program


def drawing(table, folder):
    """Draws a CPU second for five parameters: of the network, and of `infer`, two runs of different length, so that what both do once
    falls out."""
    spec = os.path.join(folder, "five.floe")
    with open(spec, "w") as out:
        out.write("model five\nindex i = 10\nobs y[i]\n" + "".join(f"param p{k} ~ normal(0, 1)\n" for k in range(5)) +
                  "y[i] ~ normal(p0 + p1 * p2 * i / 10, exp(p3 + 0.1 * p4 * i))\nreport p0\n"
                  f"network {{\n  simulations = {SIMULATIONS}\n  ensemble = 1\n  consistency = off\n  epochs = 2\n}}\n")
    floe("train", spec, "--quiet", "--threads", 1)
    data = os.path.join(folder, "five.json")
    with open(data, "w") as out:
        json.dump({"y": [0.1 * k for k in range(10)]}, out)
    seconds = [floe("infer", spec, data, "--rungs", 1, "--draws", n, "--threads", 1, "--quiet").cpu for n in (100_000, 600_000)]
    study = os.path.join(folder, "five.study")
    program = linked(folder, os.path.join(study, "five.c"), "draws", os.path.join(HERE, "draws.c"))
    plain, with_densities = map(float, Measured([program, data, os.path.join(study, "network")]).out.split())
    table.add("draws of five parameters with their log densities", with_densities, 1e6, at_most=False, unit="per CPU s",
              note=f"by the library, median of 11 times 100,000; without log densities {plain:.0f}; by `floe infer --rungs 1`, with "
                   f"summaries and all draws written to a file, {500_000 / (seconds[1] - seconds[0]):.0f}")


def main():
    parser = argparse.ArgumentParser(prog="bench/run neural")
    parser.add_argument("--quick", action="store_true", help="one seed, two observations, 4,000 draws, a classifier of 50 epochs, no accuracy of the peer")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--no-peer", action="store_true", help="leave out the accuracy of the peer, which takes minutes for each task")
    parser.add_argument("--parts", default="throughput,drawing,classifier,covid,consistency,scaling,family," + ",".join(TASKS),
                        help="what to measure, with commas between: throughput, drawing, classifier, covid, consistency, scaling, family, tasks of sbibm")
    parser.add_argument("--plot", help="a file of SVG for the curves of `scaling`")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--observations", type=int)
    parser.add_argument("--draws", type=int)
    parser.add_argument("--iterations", type=int, help="epochs of the classifier at most")
    options = parser.parse_args()
    for name, quick, usual in (("seeds", 1, 3), ("observations", 2, 10), ("draws", 4000, 10000), ("iterations", 50, 1000)):
        if getattr(options, name) is None:
            setattr(options, name, quick if options.quick else usual)
    table = Table("neural", options.quick)
    python = peer("scikit-learn")
    with tempfile.TemporaryDirectory() as folder:
        parts = {"throughput": lambda: throughput(table, folder, options), "drawing": lambda: drawing(table, folder),
                 "covid": lambda: covid(table, options.quick), "consistency": lambda: consistency(table, options.quick),
                 "classifier": lambda: validation(table, Classifier(folder, python, options.iterations), folder, options.quick),
                 "scaling": lambda: scaling(table, options.quick, options.plot), "family": lambda: family(table, options.quick)}
        for name in options.parts.split(","):
            parts[name]() if name in parts else accuracy(table, Task(name, folder), options, python)
    table.finish(options.json)


if __name__ == "__main__":
    main()
