"""What all benchmarks share: processes measured from outside, peers in a cache of their own, and the table at the end."""
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FLOE = os.environ.get("FLOE") or os.path.join(ROOT, "build", "floe")
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "floe-bench")


class Measured:
    """One finished process: exit code, CPU and wall seconds (with its children), peak memory in MiB, output."""

    def __init__(self, arguments, environment=None, folder=None):
        start = time.monotonic()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen(arguments, stdout=out, stderr=err, cwd=folder,
                                       env={**os.environ, **(environment or {})})
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.wall = time.monotonic() - start
            self.cpu = usage.ru_utime + usage.ru_stime
            self.memory = usage.ru_maxrss / 1024
            self.code = process.returncode
            out.seek(0), err.seek(0)
            self.out, self.err = out.read().decode(), err.read().decode()

    def json(self):
        return json.loads(self.out)


def floe(*arguments, **options):
    measured = Measured([FLOE, *map(str, arguments)], **options)
    if measured.code not in (0, 6):
        sys.exit(f"floe {' '.join(map(str, arguments))} ended with {measured.code}:\n{measured.err}")
    return measured


def study_copy(name, folder):
    """A fresh copy of an example, so that nothing was built or trained before."""
    target = os.path.join(folder, name)
    shutil.copytree(os.path.join(ROOT, "examples", name), target, ignore=shutil.ignore_patterns("*.study"))
    return os.path.join(target, name + ".floe"), os.path.join(target, name + ".csv")


def peer(package):
    """The python of a virtual environment that has the package, or None where it cannot be had."""
    folder = os.path.join(CACHE, package)
    python = os.path.join(folder, "bin", "python")
    try:
        if not os.path.exists(python):
            subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
        if subprocess.run([python, "-c", f"import importlib.metadata as m; m.version('{package}')"], capture_output=True).returncode:
            print(f"installing {package} into {folder}", file=sys.stderr)
            subprocess.run([python, "-m", "pip", "install", "--quiet", package], check=True, capture_output=True)
        return python
    except (OSError, subprocess.CalledProcessError):
        return None


class Table:
    """Figures as they come; printed as a table with spreads, then one line each."""

    def __init__(self, benchmark, quick):
        self.benchmark, self.quick, self.rows = benchmark, quick, []

    def add(self, figure, ours, target, at_most=True, peer=None, unit="", note=""):
        """ours: a number, a list of repeats (the median counts), or None where it could not be measured."""
        spread = ours if isinstance(ours, list) and ours else None
        value = statistics.median(spread) if spread else ours if not isinstance(ours, list) else None
        verdict = "unknown" if value is None else "met" if (value <= target if at_most else value >= target) else "missed"
        self.rows.append({"figure": figure, "ours": value, "spread": [min(spread), max(spread)] if spread else None,
                          "peer": peer, "ratio": self.ratio(value, peer, at_most),
                          "target": target, "at_most": at_most, "verdict": verdict, "unit": unit, "note": note})
        print(f"  {figure}: {value if value is None else round(value, 4)} {unit}  {verdict}", file=sys.stderr)

    @staticmethod
    def ratio(value, peer, at_most):
        """How many times better than the peer."""
        return (peer / value if at_most else value / peer) if value and peer else None

    def finish(self, as_json):
        machine = {"processor": processor(), "cores": os.cpu_count(), "system": platform.platform(), "quick": self.quick}
        if as_json:
            print(json.dumps({"schema": f"floe.bench.{self.benchmark}/1", "machine": machine, "figures": self.rows}, indent=2))
            return
        print(f"{self.benchmark} on {machine['processor']}, {machine['cores']} cores" + (", --quick: fewer repeats" if self.quick else ""))
        for row in self.rows:
            spread = f" ({row['spread'][0]:.3g} .. {row['spread'][1]:.3g})" if row["spread"] else ""
            note = f"; {row['note']}" if row["note"] else ""
            print(f"  {row['figure']}: {number(row['ours'])}{spread} {row['unit']}{note}")
        print()
        for row in self.rows:
            print(" | ".join([row["figure"], number(row["ours"]), number(row["peer"]), number(row["ratio"]),
                              ("<= " if row["at_most"] else ">= ") + f"{row['target']:g}", row["verdict"]]))


def number(value):
    return "-" if value is None else f"{value:.4g}"


def processor():
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown processor"
