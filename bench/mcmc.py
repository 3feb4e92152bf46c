"""bench/run mcmc: NUTS on the reference posteriors of tests/posteriordb against PyStan in the same run: errors in units of the
reference sd, processor time per gradient, and minimum bulk ESS per second of processor time, warm-up counted; and its errors on
the held-out posteriors of tests/held_out, whose references are long runs of Stan (held_out_reference.py); and what gradients of
chains in lockstep cost.
FLOE_REFERENCE_DATA names the folder that holds posteriordb/NAME/data.json and reference.csv; without it ../shared/data."""
import argparse
import csv
import glob
import json
import math
import os
import re
import statistics
import subprocess
import tempfile

from measure import FLOE, ROOT, Measured, Table, floe, peer

DATA = os.environ.get("FLOE_REFERENCE_DATA") or os.path.join(ROOT, "..", "shared", "data")

# Sampling happens in worker processes of PyStan; their processor time is read before and after from /proc. Draws are
# written as CSV for the same estimator of ESS as ours.
PEER = """
import csv, glob, json, os, sys
import stan
def workers():
    total, me = 0, str(os.getpid())
    for path in glob.glob("/proc/[0-9]*/stat"):
        try: fields = open(path).read().rsplit(")", 1)[1].split()
        except OSError: continue
        if fields[1] == me: total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")
code, data, seed, out = sys.argv[1:5]
model = stan.build(open(code).read(), data=json.load(open(data)), random_seed=int(seed))
import httpstan.cache
for fit in glob.glob(os.path.join(httpstan.cache.model_directory(model.model_name), "fits", "*")):
    os.unlink(fit)  # else a fit of an earlier run is handed out again
start = workers()
fit = model.sample(num_chains=4, num_warmup=1000, num_samples=1000, save_warmup=True)
seconds = workers() - start
import numpy
leapfrogs = float(numpy.asarray(fit["n_leapfrog__"]).sum())
names = [n for n in fit.constrained_param_names]
rows = numpy.asarray(fit._draws)  # (parameters, iterations, chains)
columns = list(fit.sample_and_sampler_param_names) + names
numpy.save(out, rows[[columns.index(n) for n in names]][:, 1000:, :])
print("PEER", json.dumps({"seconds": seconds, "leapfrogs": leapfrogs, "names": names}))
"""

# Bulk ESS of Stan's draws by ArviZ's formula is not needed: floe's own estimator, in Python, for both.
ESS = """
import json, sys
import numpy
from statistics import NormalDist
def ess(x):  # (chains, draws)
    half = x.shape[1] // 2
    x = numpy.concatenate([x[:, :half], x[:, -half:]])
    ranks = numpy.empty(x.size); order = numpy.argsort(x, axis=None, kind="stable")
    ranks[order] = numpy.arange(1, x.size + 1)
    inverse = NormalDist().inv_cdf
    z = numpy.array([inverse((r - 0.375) / (x.size + 0.25)) for r in ranks]).reshape(x.shape)
    n = z.shape[1]; centred = z - z.mean(axis=1, keepdims=True)
    spectrum = numpy.abs(numpy.fft.rfft(centred, 2 * n)) ** 2
    covariance = numpy.fft.irfft(spectrum)[:, :n].mean(axis=0) / n
    within = covariance[0] * n / (n - 1)
    variance = covariance[0] + z.mean(axis=1).var(ddof=1)
    rho = 1 - (within - covariance) / variance
    rho[0] = 1
    time, least, lag = -1.0, numpy.inf, 0
    while lag + 1 < n and rho[lag] + rho[lag + 1] > 0:
        least = min(least, rho[lag] + rho[lag + 1]); time += 2 * least; lag += 2
    return z.size / max(time, 1 / numpy.log10(z.size))
draws = numpy.load(sys.argv[1])  # (parameters, iterations, chains)
print(json.dumps([ess(p.T) for p in draws]))
"""


def specs():
    for path in sorted(glob.glob(os.path.join(ROOT, "tests", "posteriordb", "*.floe"))):
        with open(path) as lines:
            found = re.match(r"# posteriordb: (\S+)", lines.readline())
        folder = os.path.join(DATA, "posteriordb", found.group(1)) if found else ""
        if os.path.exists(os.path.join(folder, "data.json")):
            yield os.path.splitext(os.path.basename(path))[0], path, folder


def reference(path):
    """Means and sds with their Monte Carlo errors: those of the mean and of log sd. posteriordb has 10,000 independent draws."""
    with open(path) as lines:
        return {row["parameter"]: (float(row["mean"]), float(row["sd"]), float(row.get("mcse_mean") or row["mcse_mean_iid"]),
                                   float(row.get("mcse_log_sd") or 1 / math.sqrt(2e4)))
                for row in csv.DictReader(line for line in lines if not line.startswith("#"))}


def worst_errors(summaries, expected):
    """The largest errors of means, in reference sd, and of log sds, beyond 3 combined Monte Carlo errors; then the largest as they are.
    How much worse an sd is known than that of normal numbers is taken from the reference, whose errors count the tails."""
    mean = spread = plain_mean = plain_spread = 0
    for name, (centre, sd, mcse, log_sd_error) in expected.items():
        ours = summaries[name]
        slack = 3 * math.hypot(ours["sd"] / math.sqrt(ours["ess_bulk"]), mcse) / sd
        mean = max(mean, abs(ours["mean"] - centre) / sd - slack)
        heavy = max(1, math.sqrt(2) * log_sd_error * sd / mcse)
        plain_mean = max(plain_mean, abs(ours["mean"] - centre) / sd)
        plain_spread = max(plain_spread, abs(math.log(ours["sd"] / sd)))
        tails = min(ours["ess_bulk"], ours["ess_tail"])
        spread = max(spread, abs(math.log(ours["sd"] / sd)) - 3 * math.hypot(heavy / math.sqrt(2 * tails), log_sd_error))
    return mean, spread, plain_mean, plain_spread


def run_floe(program, data, seed, folder):
    measured = Measured([program, "sample", data, "--threads", "1", "--seed", str(seed), "--json",
                         "--output", os.path.join(folder, "draws.csv")])
    if measured.code not in (0, 6):
        raise SystemExit(measured.err)
    chains, gradients, seconds = re.search(r"(\d+) chains, (\d+) gradients, ([0-9.]+) s", measured.err).groups()
    summaries = measured.json()["result"]["summaries"]
    ess = min(s["ess_bulk"] for s in summaries.values() if s["ess_bulk"])
    rhat = max(s["rhat"] for s in summaries.values() if s["rhat"])
    seconds = max(float(seconds), 1e-3)
    return {"summaries": summaries, "seconds": seconds, "rate": ess / seconds, "whole": ess / measured.cpu, "rhat": rhat,
            "gradient": 1e6 * seconds / int(gradients)}


def run_stan(python, name, data, seed, folder):
    """Minimum bulk ESS per second and microseconds per gradient, or None where Stan cannot be had."""
    code, out = os.path.join(ROOT, "bench", "stan", name + ".stan"), os.path.join(folder, "stan.npy")
    if not python or not os.path.exists(code):
        return None
    done = subprocess.run([python, "-c", PEER, code, data, str(seed), out], capture_output=True, text=True)
    found = re.search(r"^PEER (.*)$", done.stdout, re.M)
    if not found:
        return None
    told = json.loads(found.group(1))
    ess = json.loads(subprocess.run([python, "-c", ESS, out], capture_output=True, text=True, check=True).stdout)
    return {"rate": min(ess) / told["seconds"], "gradient": 1e6 * told["seconds"] / told["leapfrogs"]}


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def add_errors(table, name, runs, expected, note=""):
    errors = [worst_errors(r["summaries"], expected) for r in runs]
    plain = lambda k: f"beyond 3 Monte Carlo errors; with them at most {max(e[k] for e in errors):.3f}"
    table.add(f"{name}: worst mean", [e[0] for e in errors], 0.1, unit="reference sd", note=plain(2) + (note and "; " + note))
    table.add(f"{name}: worst log sd", [e[1] for e in errors], 0.1, note=plain(3))
    table.add(f"{name}: R-hat", [r["rhat"] for r in runs], 1.01)


def held_out(table, repeats):
    """Posteriors that no default was chosen by."""
    for spec in sorted(glob.glob(os.path.join(ROOT, "tests", "held_out", "*.floe"))):
        path = os.path.splitext(spec)[0]
        with tempfile.TemporaryDirectory() as work:
            program = os.path.join(work, "program")
            floe("build", spec, "-o", program, "--study", os.path.join(work, "study"), "--quiet")
            runs = [run_floe(program, path + ".json", seed, work) for seed in range(1, repeats + 1)]
        add_errors(table, os.path.basename(path), runs, reference(path + ".csv"),
                   f"{statistics.median(r['seconds'] for r in runs):.2g} CPU s of sampling")


def one_posterior(table, python, name, spec, folder, repeats):
    data = os.path.join(folder, "data.json")
    with tempfile.TemporaryDirectory() as work:
        program = os.path.join(work, name)
        floe("build", spec, "-o", program, "--study", os.path.join(work, "study"), "--quiet")
        runs = [run_floe(program, data, seed, work) for seed in range(1, repeats + 1)]
        stan = [s for s in (run_stan(python, name, data, seed, work) for seed in range(1, repeats + 1)) if s]
    add_errors(table, name, runs, reference(os.path.join(folder, "reference.csv")))
    middle = lambda rows, key: sorted(r[key] for r in rows)[len(rows) // 2] if rows else None
    gradient, rate = middle(stan, "gradient"), middle(stan, "rate")
    table.add(f"{name}: time per gradient", [r["gradient"] for r in runs], gradient if gradient else math.inf, peer=gradient,
              unit="us", note="" if gradient else "no peer")
    table.add(f"{name}: minimum bulk ESS/s", [r["rate"] for r in runs], rate if rate else 0, at_most=False, peer=rate,
              note="" if rate else "no peer")
    table.add(f"{name}: minimum bulk ESS/s, files and summary counted", [r["whole"] for r in runs], 0, at_most=False)
    ours = {key: middle(runs, key) for key in ("gradient", "rate")}
    return (gradient / ours["gradient"], ours["rate"] / rate) if stan else None


def from_spec_to_draws(table, repeats):
    chosen = [s for s in specs() if s[0] == "eight_schools"]
    seconds = []
    for _ in range(repeats if chosen else 0):
        with tempfile.TemporaryDirectory() as work:
            seconds.append(floe("sample", chosen[0][1], os.path.join(chosen[0][2], "data.json"), "--study",
                                os.path.join(work, "study"), "--quiet", "--json",
                                environment={"XDG_CACHE_HOME": os.path.join(work, "cache")}).cpu)
    table.add("eight schools, from spec and data to 4 x 1000 draws", seconds or None, 1.5, unit="CPU s")


def posteriordb(table, repeats):
    python = peer("pystan")
    ratios = [r for r in (one_posterior(table, python, *s, repeats) for s in specs()) if r]
    table.add("time per gradient: Stan's to ours, geometric mean", geometric_mean([r[0] for r in ratios]), 5, at_most=False)
    table.add("minimum bulk ESS/s: ours to Stan's, geometric mean", geometric_mean([r[1] for r in ratios]), 5, at_most=False)
    table.add("minimum bulk ESS/s: ours to Stan's, least", min(r[1] for r in ratios) if ratios else None, 1, at_most=False)
    from_spec_to_draws(table, repeats)


# Gradients that do not run in lanes over the data when alone, and those that do: little is left for chains to gain there.
LANES_OF_CHAINS = ["ark", "earnings", "eight_schools", "kidiq", "kilpisjarvi", "lotka_volterra", "mesquite", "radon", "rats", "sblri"]
LANES_OF_DATA = ["irt_2pl", "logistic", "low_dim_gauss_mix", "poisson", "wells"]


def lanes(table, repeats):
    """Gradients of several chains at once against as many one by one."""
    names = LANES_OF_CHAINS + LANES_OF_DATA
    ratios = {name: [] for name in names}
    for _ in range(repeats):
        measured = Measured(["sh", os.path.join(ROOT, "bench", "gradients", "measure"), os.path.dirname(FLOE), *names],
                            environment={"FLOE_REFERENCE_DATA": DATA})
        for fields in map(str.split, measured.out.splitlines()[1:]):
            times = float(fields[5])
            ratios[fields[0]].append(1 if math.isnan(times) else times)  # NaN: chains are evaluated one by one
    found = {name: statistics.median(values) for name, values in ratios.items() if values}
    for name in names:
        table.add(f"{name}: a gradient alone to one of a chain in lockstep", ratios[name] or None, 1, at_most=False)

    def mean(members):
        return geometric_mean([found[name] for name in members if name in found])

    table.add("gradients alone to those in lockstep, where these do not run in lanes over the data, geometric mean", mean(LANES_OF_CHAINS),
              4, at_most=False, note="with those that do: {:.2f}".format(mean(names)))
    table.add("gradients alone to those in lockstep, where these do, geometric mean", mean(LANES_OF_DATA), 1, at_most=False)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--parts", default="posteriordb,held_out,lanes",
                        help="what to measure, with a comma between: posteriordb, held_out, lanes")
    arguments = parser.parse_args()
    table, repeats = Table("mcmc", arguments.quick), 1 if arguments.quick else 3
    parts = {"posteriordb": lambda: posteriordb(table, repeats), "held_out": lambda: held_out(table, repeats),
             "lanes": lambda: lanes(table, repeats)}
    for part in arguments.parts.split(","):
        parts[part]()
    table.finish(arguments.json)


main()
