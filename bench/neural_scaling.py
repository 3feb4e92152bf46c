"""What more universes cost. scaling: simulations and seconds to reach a fixed loss on the reference universe of the COVID study where
the network is trained for K = 1, 3, 10, 100, 1000 universes at once. family: one network for eighteen simulators of one kind, on 30%
of the simulations of eighteen networks of their own."""
import csv
import math
import os
import shutil
import statistics
import sys
import tempfile

from measure import ROOT, floe

HERE = os.path.join(ROOT, "bench", "covid")
POWERS = ("lambda", "mu", "delay", "I0", "psi")
# Axes of universes, the parameters whose priors they scale, and how many options each axis has where there are K universes.
AXES = {"contact": ("lambda", "mu"), "hiding": ("delay",), "scatter": ("I0", "psi")}
OPTIONS = {1: (1, 1, 1), 3: (3, 1, 1), 10: (10, 1, 1), 100: (10, 10, 1), 1000: (10, 10, 10)}
POWERS_OF_AXIS = {3: [1, 0.5, 2], 10: [1] + [2 ** (k / 5) for k in range(-4, 6) if k]}
NOISE, REPORTING = ("quadratic", "linear", "poisson"), ("all", "share", "weekend", "capacity", "smoothed", "growing")
TESTS = 4000  # simulations of a universe on which losses are compared, the same ones for all networks


def scaling_spec(path, k):
    """The COVID study with discrete powers of its priors: K universes."""
    with open(os.path.join(HERE, "covid.floe")) as file:
        lines = [line for line in file if not line.startswith("axis ")]
    sizes = dict(zip(AXES, OPTIONS[k]))
    axis_of = {name: axis for axis, names in AXES.items() for name in names}
    axes = [f"axis {axis} {{ " + "  ".join(f"o{j}{'' if j else '*'} : {power:.6g}" for j, power in enumerate(POWERS_OF_AXIS[n])) + " }\n"
            for axis, n in sizes.items() if n > 1]
    text = "".join(lines).replace("index day ", "".join(axes) + "index day ", 1)
    for name in POWERS:
        axis = axis_of[name]
        text = text.replace(f" ^ power_{name} on log", f" ^ {axis} on log" if sizes[axis] > 1 else "")
        text = text.replace(f" ^ power_{name}\n", f" ^ {axis}\n" if sizes[axis] > 1 else "\n")
    with open(path, "w") as out:
        out.write(text)
    return path


def trained(spec, study, seed, n, *options):
    """CPU seconds of simulating and training; the program is there already."""
    return floe("train", spec, "--fresh", "--quiet", "--threads", 1, "--seed", seed, "--simulations", n, "--study", study, *options).cpu


def losses(spec, study, *universe):
    """-log q of the true parameters of each test simulation in a universe, in coordinates that do not depend on the network."""
    path = os.path.join(study, "losses.csv")
    floe("verify", spec, "--losses", TESTS, "--seed", 4711, "--quiet", "--json", "--study", study, "--output", path, *universe)
    with open(path) as lines:
        return [float(row["loss"]) for row in csv.DictReader(lines)]


def reached(budgets, values, target):
    """Where the mean loss first falls to the target, between budgets linear in the logarithm; None: nowhere."""
    for k, value in enumerate(values):
        if value <= target:
            if k == 0:
                return budgets[0]
            share = (values[k - 1] - target) / (values[k - 1] - value)
            return budgets[k - 1] * (budgets[k] / budgets[k - 1]) ** share
    return None


def between(budgets, seconds, n):
    """Seconds at n simulations, linear between budgets."""
    for k in range(1, len(budgets)):
        if n <= budgets[k]:
            share = (n - budgets[k - 1]) / (budgets[k] - budgets[k - 1])
            return seconds[k - 1] + share * (seconds[k] - seconds[k - 1])
    return seconds[-1]


def plot(path, budgets, curves, target):
    """Loss against simulations, a line for each K, as SVG."""
    low = min(min(values) for values in curves.values())
    high = max(max(values) for values in curves.values())
    x = [60 + 480 * math.log(n / budgets[0]) / math.log(budgets[-1] / budgets[0]) for n in budgets]

    def y(value):
        return 330 - 300 * (value - low) / (high - low)

    marks = [f'<line x1="60" x2="540" y1="{y(target):.1f}" y2="{y(target):.1f}" stroke="#999" stroke-dasharray="4"/>',
             f'<text x="60" y="{y(target) - 4:.1f}">the loss to reach: {target:.3f}</text>']
    marks += [f'<text x="{at:.1f}" y="352" text-anchor="middle">{n}</text>' for at, n in zip(x, budgets)]
    marks += [f'<text x="54" y="{y(value):.1f}" text-anchor="end">{value:.2f}</text>' for value in (low, high)]
    for row, (colour, (k, values)) in enumerate(zip(("#000", "#0072b2", "#009e73", "#d55e00", "#cc79a7"), curves.items())):
        points = " ".join(f"{at:.1f},{y(value):.1f}" for at, value in zip(x, values))
        marks += [f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{points}"/>',
                  f'<text x="460" y="{50 + 16 * row}" fill="{colour}">{k} universe{"s" if k > 1 else ""}</text>']
    with open(path, "w") as out:
        out.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 560 380" font-family="sans-serif" font-size="11">'
                  '<rect width="560" height="380" fill="#fff"/>'
                  '<text x="60" y="16">held-out -log q in the reference universe</text><text x="300" y="372" text-anchor="middle">'
                  "simulations</text>" + "".join(marks) + "</svg>\n")


def scaling(table, quick, path):
    seeds = (1,) if quick else (1, 2, 3)
    counts = (1, 10, 1000) if quick else tuple(OPTIONS)
    budgets = [2 ** k for k in ((11, 13) if quick else (11, 12, 13, 14, 15))]
    curves, spent = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for k in counts:
            spec = scaling_spec(os.path.join(folder, f"covid{k}.floe"), k)
            study = os.path.join(folder, f"covid{k}.study")
            floe("build", spec, "--study", study, "--quiet")
            curves[k], spent[k] = [], []
            for n in budgets:
                runs = [(trained(spec, study, seed, n), statistics.fmean(losses(spec, study))) for seed in seeds]
                spent[k].append(statistics.fmean(run[0] for run in runs))
                curves[k].append(statistics.fmean(run[1] for run in runs))
                print(f"  K = {k:4}, {n:5} simulations: loss {curves[k][-1]:.3f}, {spent[k][-1]:.1f} CPU s", file=sys.stderr)
    at = len(budgets) // 2 if len(budgets) > 2 else 0
    target, usual = curves[1][at], budgets[at]
    if path:
        plot(path, budgets, curves, target)
    note = f"reference universe, {TESTS} test simulations, mean of {len(seeds)} seeds; loss to reach: {target:.3f}"
    seconds_of_one = between(budgets, spent[1], usual)
    for k in counts:
        n = reached(budgets, curves[k], target) if k != 1 else usual
        beyond = "" if n else f"; not reached with {budgets[-1]}: at least this"
        n = n or budgets[-1]
        seconds = between(budgets, spent[k], n)
        most = 1.5 if k > 1 else 1
        table.add(f"scaling, {k} universes: simulations, times those of one", n / usual if not beyond else max(n / usual, 1.5001), most,
                  note=f"{n:.0f}; {note}; at all budgets: " + ", ".join(f"{value:.3f}" for value in curves[k]) + beyond)
        table.add(f"scaling, {k} universes: seconds, times those of one", seconds / seconds_of_one, most,
                  note=f"{seconds:.1f} CPU s on one thread, simulating and training, without compiling{beyond}")


def family(table, quick):
    """Mean over test simulations of what the joint network loses more than the member's own one."""
    seeds = (1,) if quick else (1, 2, 3)
    members = [(noise, reporting) for noise in NOISE for reporting in REPORTING]
    each = 1024 if quick else 4096
    total = round(0.3 * each * len(members))
    shown = members[::5] if quick else members
    worse, spent = {member: [] for member in shown}, [0, 0]
    with tempfile.TemporaryDirectory() as folder:
        spec = shutil.copy(os.path.join(HERE, "family.floe"), folder)
        joint, own = (os.path.join(folder, name) for name in ("joint.study", "own.study"))
        floe("build", spec, "--study", joint, "--quiet")
        floe("build", spec, "--study", own, "--quiet")
        for seed in seeds:
            spent[0] += trained(spec, joint, seed, total)
            for noise, reporting in shown:
                universe = ("--only", f"noise={noise}", "--only", f"reporting={reporting}")
                spent[1] += trained(spec, own, seed, each, "--dedicated", *universe) * len(members) / len(shown)
                pairs = zip(losses(spec, joint, *universe), losses(spec, own, *universe))
                worse[noise, reporting].append([a - b for a, b in pairs])
                print(f"  seed {seed}, {noise}, {reporting}: {statistics.fmean(worse[noise, reporting][-1]):+.3f} nats", file=sys.stderr)
    means = {member: statistics.fmean(map(statistics.fmean, runs)) for member, runs in worse.items()}
    if len(seeds) > 1:
        spread = statistics.fmean(statistics.variance(map(statistics.fmean, runs)) for runs in worse.values())
        error = math.sqrt(spread / len(seeds))
    else:
        error = max(statistics.stdev(runs[0]) / math.sqrt(TESTS) for runs in worse.values())
    last = max(means, key=means.get)
    note = (f"{total} simulations together against {each} for each of {len(members)} alone; {len(shown)} members, {TESTS} test simulations each, "
            f"{len(seeds)} seeds; nats of -log q, standard error of a member {error:.3f}; CPU s of training: {spent[0] / len(seeds):.0f} "
            f"against {spent[1] / len(seeds):.0f}")
    table.add("family of 18: one network's loss above that of a network for each, mean", statistics.fmean(means.values()), 0, note=note)
    table.add("family of 18: members for which it is worse, beyond two standard errors", sum(value > 2 * error for value in means.values()), 0,
              note=f"the worst: {', '.join(last)}, {means[last]:+.3f} nats; all: " + ", ".join(f"{'/'.join(m)} {v:+.3f}" for m, v in means.items()))
