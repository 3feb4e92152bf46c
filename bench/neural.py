"""bench/run neural: the network against reference posteriors. Tasks of the sbibm benchmark at 10,000 simulations (C2ST, training
time), the speed of a training step as a share of the processor's peak, by each set of kernels, and of draws; sbi beside it."""
import argparse
import csv
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

from measure import ROOT, Measured, Table, floe, peer
from neural_consistency import consistency
from neural_covid import covid
from neural_scaling import family, scaling

REFERENCE = os.environ.get("FLOE_REFERENCE_DATA") or os.path.join(os.path.dirname(ROOT), "shared", "data")
HERE = os.path.join(ROOT, "bench")
SIMULATIONS = 10000
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

    def reference(self, k, n):
        """A file of n draws from the posterior of observation k."""
        path = os.path.join(self.source, f"reference_posterior_{k + 1}.csv.gz")
        if self.name != "gaussian_linear":
            return path
        path = os.path.join(self.folder, f"exact-{k}.csv")
        import random  # the posterior is N(y / 2, variance 0.05 I)
        draw = random.Random(k)
        with open(path, "w") as out:
            out.write(",".join(f"p{j}" for j in range(10)) + "\n")
            for _ in range(n):
                out.write(",".join(f"{draw.gauss(y / 2, math.sqrt(0.05)):.9g}" for y in self.rows[k]) + "\n")
        return path

    def train(self, seed, settings=None, environment=None):
        """Trains from nothing; the measured process and training.json."""
        study = os.path.join(self.folder, f"{self.name}.study")
        spec = self.spec
        if settings:
            with open(self.spec) as text:
                plain = text.read()
            head, tail = plain.split("network {")
            spec = os.path.join(self.folder, "changed.floe")
            with open(spec, "w") as out:
                out.write(head + "network {\n" + "".join(f"  {key} = {value}\n" for key, value in settings.items()) + "}\n")
        run = floe("train", spec, "--fresh", "--seed", seed, "--threads", 1, "--study", study, "--quiet", environment=environment)
        with open(os.path.join(study, "training.json")) as text:
            return run, json.load(text)

    def draw(self, k, n, rungs, seed):
        """A file of n draws from the answer for observation k. Draws on rung 2 are resampled from more, so that few are equal."""
        path = os.path.join(self.folder, f"{self.name}-draws-{k}-{rungs}.csv")
        floe("infer", self.spec, self.data(k), "--rungs", rungs, "--draws", n, "--threads", 1, "--seed", seed,
             "--output", path, "--quiet", "--study", os.path.join(self.folder, f"{self.name}.study"))
        return path


def scores(python, pairs, seed, options):
    """C2ST of each (ours, reference); None where scikit-learn cannot be had."""
    if not python:
        return None
    done = subprocess.run([python, os.path.join(HERE, "c2st.py"), str(seed), str(options.draws),
                           str(options.iterations)] + [f"{a}:{b}" for a, b in pairs],
                          capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return None
    return [float(line) for line in done.stdout.split()]


def accuracy(table, task, options, python):
    """C2ST over observations and seeds, for the network alone and reweighted; CPU seconds from nothing to the network."""
    target, _weighted, flow = TASKS[task.name]
    seconds, means, all_scores = [], [], []
    for seed in range(1, options.seeds + 1):
        run, _training = task.train(seed)
        seconds.append(run.cpu)
        pairs = [(task.draw(k, options.draws, 1, seed), task.reference(k, options.draws)) for k in range(min(options.observations, len(task.rows)))]
        got = scores(python, pairs, seed, options) if pairs else None
        if got:
            all_scores += got
            means.append(statistics.mean(got))
    sbi = against_sbi(task, flow, options, python)
    error = statistics.stdev(all_scores) / math.sqrt(len(all_scores)) if len(all_scores) > 1 else None
    table.add(f"{task.name}: C2ST of the network", statistics.mean(means) if means else None, target, peer=sbi.get("c2st"),
              note=(f"mean of {len(all_scores)} runs: {len(means)} seeds, {options.observations} observations, {options.draws} draws, "
                    f"at most {options.iterations} iterations of the classifier; "
                    + (f"standard error {error:.4f}" if error is not None else "no spread")) if means else "no reference posteriors or no scikit-learn")
    peer_seconds = sbi.get("seconds")
    table.add(f"{task.name}: from nothing to the network", seconds, peer_seconds / 5 if peer_seconds else 60, peer=peer_seconds,
              unit="CPU s", note="with compiling and simulating; " + (f"peer: sbi, training alone, {flow}, {sbi['epochs']} epochs; "
                                                                      "target: a fifth of it" if peer_seconds else "no peer: the target is a minute"))


def against_sbi(task, flow, options, python):
    """What sbi makes of the same number of simulations; {} where it cannot be had or is not asked for."""
    sbi = None if options.quick else peer("sbi")
    if not sbi or not task.rows:
        return {}
    path = os.path.join(task.folder, "simulations.csv")
    floe("simulate", task.spec, "--draws", SIMULATIONS, "--output", path, "--quiet")
    n_parameter = 2 if task.name in ("two_moons", "sir") else 10
    numbers = range(min(options.observations, len(task.rows)))
    wanted = []
    for k in numbers:
        wanted += [",".join(map(str, task.rows[k])), os.path.join(task.folder, f"sbi-{k}.csv")]
    done = Measured([sbi, os.path.join(HERE, "sbi_peer.py"), path, str(n_parameter), flow, "0", str(options.draws), *wanted])
    if done.code:
        print(done.err[-2000:], file=sys.stderr)
        return {}
    result = printed(done)
    got = scores(python, [(wanted[2 * k + 1], task.reference(k, options.draws)) for k in numbers], 1, options)
    if got:
        result["c2st"] = statistics.mean(got)
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
    falls out; and the arithmetic of a sample, 6 for each weight (a product there, two on the way back)."""
    runs = []
    for epochs in (2, 12):
        run, training = task.train(1, {**settings, "epochs": epochs}, {"FLOE_PANEL": panel} if panel else None)
        runs.append((training["curve"][-1][0], run.cpu, training["weights"]))
    samples, seconds = runs[1][0] - runs[0][0], runs[1][1] - runs[0][1]
    return samples / seconds, 6e-9 * runs[0][2] * samples / seconds


def throughput(table, folder, options):
    task = Task("two_moons", folder)
    wide = {"simulations": SIMULATIONS, "ensemble": 1, "consistency": "off", "width": 128}
    best = peak(folder)
    rates = []
    for _ in range(1 if options.quick else 3):
        rates.append(step_rate(task, wide, None))
    speed, arithmetic = (statistics.median(column) for column in zip(*rates))
    table.add("training, sub-networks of width 128, share of the FMA peak", arithmetic / best if best else None, 0.65, at_most=False,
              note=f"{arithmetic:.1f} GFLOP/s of {best:.1f}; splines, optimiser and held-out losses count as time" if best else "no C compiler")
    portable = step_rate(task, wide, "blas")[0]
    table.add("training, the path through BLAS, times slower", speed / portable, 1.3, note=f"{portable:.0f} samples/s")
    usual = step_rate(task, {"simulations": SIMULATIONS, "ensemble": 1, "consistency": "off"}, None)[0]
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


def drawing(table, folder):
    """Draws a CPU second for five parameters: two runs of different length, so that what both do once falls out."""
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
    table.add("draws of five parameters", 500_000 / (seconds[1] - seconds[0]), 1e6, at_most=False, unit="per CPU s",
              note="`floe infer --rungs 1`: densities, summaries and reports included")


def main():
    parser = argparse.ArgumentParser(prog="bench/run neural")
    parser.add_argument("--quick", action="store_true", help="one seed, two observations, 4,000 draws, a classifier of 50 iterations, no accuracy of the peer")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--parts", default="throughput,drawing,covid,consistency,scaling,family," + ",".join(TASKS),
                        help="what to measure, with commas between: throughput, drawing, covid, consistency, scaling, family, tasks of sbibm")
    parser.add_argument("--plot", help="a file of SVG for the curves of `scaling`")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--observations", type=int)
    parser.add_argument("--draws", type=int)
    parser.add_argument("--iterations", type=int, help="of the classifier at most")
    options = parser.parse_args()
    for name, quick, usual in (("seeds", 1, 3), ("observations", 2, 10), ("draws", 4000, 10000), ("iterations", 50, 1000)):
        if getattr(options, name) is None:
            setattr(options, name, quick if options.quick else usual)
    table = Table("neural", options.quick)
    python = peer("scikit-learn")
    with tempfile.TemporaryDirectory() as folder:
        parts = {"throughput": lambda: throughput(table, folder, options), "drawing": lambda: drawing(table, folder),
                 "covid": lambda: covid(table, options.quick), "consistency": lambda: consistency(table, options.quick),
                 "scaling": lambda: scaling(table, options.quick, options.plot), "family": lambda: family(table, options.quick)}
        for name in options.parts.split(","):
            parts[name]() if name in parts else accuracy(table, Task(name, folder), options, python)
    table.finish(options.json)


if __name__ == "__main__":
    main()
