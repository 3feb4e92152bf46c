"""Trains sbi's neural posterior estimator, with its defaults, on simulations from a CSV file of `floe simulate`:
  python sbi_peer.py SIMULATIONS N_PARAMETER FLOW EPOCHS DRAWS [OBSERVATION OUT] ...
FLOW: maf or nsf; EPOCHS 0: until sbi's own early stopping. OBSERVATION: numbers with commas between; OUT: a file for draws.
Prints one JSON object. One thread. Runs where sbi is."""
import json
import resource
import sys
import time

import numpy as np
import torch
from sbi.inference import NPE


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main():
    path, n_parameter, flow, epochs, n_draw = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    torch.set_num_threads(1)
    torch.manual_seed(1)
    rows = torch.tensor(np.loadtxt(path, delimiter=",", skiprows=1)[:, 1:], dtype=torch.float32)
    inference = NPE(density_estimator=flow)
    inference.append_simulations(rows[:, :n_parameter], rows[:, n_parameter:])
    start = cpu()
    estimator = inference.train(training_batch_size=200, **({"max_num_epochs": epochs} if epochs else {}))
    seconds = cpu() - start
    n_epoch = inference.summary["epochs_trained"][-1]
    n_weight = sum(p.numel() for p in estimator.parameters())
    drawing = 0
    for observation, out in zip(sys.argv[6::2], sys.argv[7::2]):
        x = torch.tensor([[float(v) for v in observation.split(",")]])
        start = cpu()
        draws = estimator.sample((n_draw,), condition=x).reshape(n_draw, n_parameter)
        drawing += cpu() - start
        np.savetxt(out, draws.detach().numpy(), delimiter=",", comments="", header=",".join(f"p{k}" for k in range(n_parameter)))
    step = seconds / (n_epoch * (int(0.9 * len(rows)) // 200))
    print(json.dumps({"seconds": seconds, "epochs": n_epoch, "weights": n_weight, "samples_per_second": 200 / step,
                      "draws_per_second": n_draw * len(sys.argv[7::2]) / drawing if drawing else None}))


if __name__ == "__main__":
    main()
