"""Reference means and sds of tests/held_out by long runs of Stan: python held_out_reference.py [--warmup N] [--draws N] NAME ... Writes tests/held_out/NAME.csv:
for each number that the spec reports, its mean and sd with their Monte Carlo errors, that of log sd from the effective size of the
squared deviations. Runs where PyStan is (pip install pystan); minutes."""
import argparse
import csv
import json
import os
import re

import numpy as np
import stan

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests", "held_out")
CHAINS, ACCEPTANCE = 4, 0.99


def effective_size(x):
    """Of the mean of x (chains, draws), by Geyer's initial monotone sequence over split chains."""
    half = x.shape[1] // 2
    x = np.concatenate([x[:, :half], x[:, -half:]])
    centred = x - x.mean(axis=1, keepdims=True)
    n = half
    covariance = np.fft.irfft(np.abs(np.fft.rfft(centred, 2 * n)) ** 2)[:, :n].mean(axis=0) / n
    variance = covariance[0] + x.mean(axis=1).var(ddof=1)
    rho = 1 - (covariance[0] * n / (n - 1) - covariance) / variance
    rho[0] = 1
    time, least, lag = -1.0, np.inf, 0
    while lag + 1 < n and rho[lag] + rho[lag + 1] > 0:
        least = min(least, rho[lag] + rho[lag + 1])
        time, lag = time + 2 * least, lag + 2
    return x.size / max(time, 1 / np.log10(x.size))


def reported(spec):
    """The names on the spec's line of `report`, without what they are set to."""
    line = re.search(r"^report (.*)$", spec, re.M).group(1)
    return [name.split("=")[0].strip() for name in line.split(",")]


def summarised(name, draws):
    """A row of the table from draws (chains, draws)."""
    mean, sd = draws.mean(), draws.std()
    return [name, f"{mean:.8g}", f"{sd:.8g}", f"{sd / np.sqrt(effective_size(draws)):.3g}",
            f"{((draws - mean) ** 2).std() / (2 * sd ** 2 * np.sqrt(effective_size((draws - mean) ** 2))):.3g}"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--warmup", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=5000, help="of each chain")
    parser.add_argument("names", nargs="+")
    options = parser.parse_args()
    for name in options.names:
        text = {kind: open(os.path.join(FOLDER, f"{name}.{kind}")).read() for kind in ("floe", "stan", "json")}
        model = stan.build(text["stan"], data=json.loads(text["json"]), random_seed=11)
        fit = model.sample(num_chains=CHAINS, num_warmup=options.warmup, num_samples=options.draws, delta=ACCEPTANCE)
        columns = list(fit.sample_and_sampler_param_names) + list(fit.constrained_param_names)
        draws = np.asarray(fit._draws)  # (numbers, draws, chains)
        divergent = int(draws[columns.index("divergent__")].sum())
        with open(os.path.join(FOLDER, name + ".csv"), "w") as out:
            out.write(f"# Stan {CHAINS} x ({options.warmup} + {options.draws}), adapt_delta {ACCEPTANCE}, {divergent} divergences\n")
            table = csv.writer(out, lineterminator="\n")
            table.writerow(["parameter", "mean", "sd", "mcse_mean", "mcse_log_sd"])
            for column, numbers in zip(columns, draws):
                parts = column.split(".")
                if parts[0] in reported(text["floe"]):
                    table.writerow(summarised(parts[0] + (f"[{', '.join(parts[1:])}]" if parts[1:] else ""), numbers.T))
        print(name, divergent, "divergences", flush=True)


if __name__ == "__main__":
    main()
