"""bench/run compile: from a spec to a report. Checks and builds of every example, against Stan; how compile time grows; the demo's
cost, accuracy against a reference posterior, and whether one network for all universes is as good as one for one universe."""
import argparse
import csv
import math
import os
import subprocess
import tempfile

from measure import ROOT, Table, floe, peer, study_copy

STAN = """
data { int<lower=0> J; array[J] real y; array[J] real<lower=0> sigma; }
parameters { real mu; real<lower=0> tau; vector[J] z; }
transformed parameters { vector[J] theta = mu + tau * z; }
model { mu ~ normal(0, 5); tau ~ cauchy(0, 5); z ~ std_normal(); y ~ normal(theta, sigma); }
"""

PEER = """
import resource, sys, tempfile, os
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp()
import stan
def cpu():
    a, b = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return a.ru_utime + a.ru_stime + b.ru_utime + b.ru_stime
start = cpu()
stan.build(sys.argv[1], data=dict(J=2, y=[1.0, 2.0], sigma=[1.0, 1.0]))
print("CPU", cpu() - start)
"""


def stan_build_seconds():
    """CPU seconds that PyStan takes to build eight schools, nothing cached; None where it cannot be had."""
    python = peer("pystan")
    if not python:
        return None
    done = subprocess.run([python, "-c", PEER, STAN], capture_output=True, text=True)
    seconds = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("CPU ")]
    return float(seconds[0]) if seconds else None


def examples():
    folder = os.path.join(ROOT, "examples")
    return sorted(name for name in os.listdir(folder) if os.path.exists(os.path.join(folder, name, name + ".floe")))


def builds(table, repeats):
    """Every example: `floe check`, and `floe build` with nothing cached."""
    stan = stan_build_seconds()
    for name in examples():
        checks, seconds = [], []
        for _ in range(repeats):
            with tempfile.TemporaryDirectory() as folder:
                spec, _data = study_copy(name, folder)
                checks.append(1000 * floe("check", spec).wall)
                seconds.append(floe("build", spec, environment={"XDG_CACHE_HOME": os.path.join(folder, "cache")}).cpu)
        table.add(f"check {name}", checks, 20, unit="ms")
        table.add(f"build {name}, cold cache", seconds, 1.0, peer=stan if name == "eight_schools" else None, unit="CPU s",
                  note="peer: PyStan's build of the same model" if name == "eight_schools" else "")


def long_spec(n_line):
    """A spec of so many lines, in which every line depends on the one before."""
    lines = ["model long", "index i in 5..20", "obs y[i]", "data x[i] ~ normal(0, 1)"]
    n = (n_line - 5) // 4
    for k in range(n):
        before = f" + 0.5 * m{k - 1}[i]" if k else ""
        lines += [f"param a{k} ~ normal(0, 1)", f"param b{k} : positive ~ half_normal(1)",
                  f"m{k}[i] = a{k} + exp(b{k}) * x{before}", f"report r{k} = a{k} / b{k}"]
    return "\n".join(lines + [f"y[i] ~ normal(m{n - 1}, 1)", ""])


def many_universes(n_axis):
    """10 to the n_axis universes, that differ in numbers only."""
    lines = ["model many", "index i in 5..20", "obs y[i]"]
    for k in range(4):
        options = " ".join(f"o{j}{'*' if not j else ''}: {j + 1}" for j in range(10))
        lines.append(f"axis a{k} {{ {options} }}" if k < n_axis else f"a{k} = {k + 1}")
    lines += ["param mu ~ normal(a0, a1)", "y[i] ~ normal(mu * a2, a3)", "report mu", ""]
    return "\n".join(lines)


def front_end(text, repeats):
    """CPU seconds from the text to the generated C, and the length of that C."""
    with tempfile.TemporaryDirectory() as folder:
        spec = os.path.join(folder, "spec.floe")
        with open(spec, "w") as out:
            out.write(text)
        runs = [floe("build", "--emit", "c", spec) for _ in range(repeats)]
        return [run.cpu for run in runs], len(runs[0].out)


def growth(table, repeats):
    short, _ = front_end(long_spec(1000), repeats)
    long, _ = front_end(long_spec(2000), repeats)
    longer, _ = front_end(long_spec(4000), repeats)
    table.add("front end, a spec of 2,000 lines", long, 3, unit="CPU s")
    table.add("front end, 4,000 lines against 1,000, per line", min(longer) / min(short) / 4, 1.3, unit="times")
    few, few_length = front_end(many_universes(1), 5 * repeats)
    many, many_length = front_end(many_universes(4), 5 * repeats)
    table.add("front end, 10,000 universes against 10", min(many) / min(few), 1.5, unit="times",
              note=f"generated C {many_length / few_length:.2f} times as long: three more axes")


def reference():
    with open(os.path.join(ROOT, "tests", "data", "eight_schools_reference.csv")) as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        return {row["parameter"]: (float(row["mean"]), float(row["sd"])) for row in rows}


def worst_error(summaries):
    """The largest distance of a posterior mean or sd from the reference, in reference sd."""
    worst, where = 0, ""
    for name, (mean, sd) in reference().items():
        label = f"theta[{'ABCDEFGH'[int(name[6]) - 1]}]" if name.startswith("theta") else name
        for key, value in (("mean", mean), ("sd", sd)):
            error = abs(summaries[label][key] - value) / sd
            if error > worst:
                worst, where = error, f"{key} of {label}"
    return worst, where


def eight_schools(table, quick):
    with tempfile.TemporaryDirectory() as folder:
        spec, data = study_copy("eight_schools", folder)
        floe("build", spec)
        run = floe("run", spec, data, "--json")
        table.add("demo (train, verify, all universes, report)", run.wall, 120, unit="s", note=f"verdict {run.json()['verdict']}")
        table.add("demo, peak memory", run.memory, 1024, unit="MiB")
        for rungs, name in ((1, "network"), (2, "network and weights")):
            answer = floe("infer", spec, data, "--rungs", rungs, "--draws", 20000, "--json").json()["result"]
            worst, where = worst_error(answer["summaries"])
            table.add(f"eight schools, {name}: largest error of a mean or sd", worst, 0.15, unit="reference sd", note=where)
        answer = floe("sample", spec, data, "--draws", 2500 if quick else 10000, "--json").json()["result"]
        worst, where = worst_error(answer["summaries"])
        table.add("eight schools, NUTS: largest error of a mean or sd", worst, 0.05, unit="reference sd", note=where)
        joint_against_dedicated(table, spec, quick)


def joint_against_dedicated(table, spec, quick):
    """-log q of the true parameters on fresh simulations of the reference universe: the network of all universes against a
    network trained on the reference universe alone with the same number of simulations, simulation by simulation."""
    n = 10000 if quick else 20000
    with tempfile.TemporaryDirectory() as folder:
        alone = os.path.join(folder, "alone.study")
        floe("train", spec, "--dedicated", "--study", alone)
        losses = []
        for name, more in (("joint", []), ("alone", ["--study", alone])):
            path = os.path.join(folder, name + ".csv")
            floe("verify", spec, "--losses", n, "--output", path, *more)
            with open(path) as lines:
                losses.append([float(row["loss"]) for row in csv.DictReader(lines)])
    gaps = [a - b for a, b in zip(*losses)]
    mean = sum(gaps) / len(gaps)
    error = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / (len(gaps) - 1) / len(gaps))
    table.add("loss in the reference universe, joint minus dedicated network", mean, 0.05, unit="nats",
              note=f"standard error {error:.4f}, {len(gaps)} paired simulations; dedicated loss {sum(losses[1]) / len(losses[1]):.4f}")


def covid(table):
    with tempfile.TemporaryDirectory() as folder:
        spec, data = study_copy("covid_germany", folder)
        floe("train", spec)
        run = floe("multiverse", spec, data, "--universes", 1000, "--draws", 1000, "--rungs", 2, "--json")
        table.add("COVID: 1000 universes x 1000 draws with weights", run.wall, 5, unit="s")


def main():
    parser = argparse.ArgumentParser(prog="bench/run compile")
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    table = Table("compile", options.quick)
    builds(table, 3 if options.quick else 7)
    growth(table, 3 if options.quick else 7)
    eight_schools(table, options.quick)
    covid(table)
    table.finish(options.json)


if __name__ == "__main__":
    main()
