"""Measure the time and memory of an evaluation: the likelihood with K draws, or every part.

    python benchmarks/evaluate.py runs/mnist-conv-vae-fast --images 1000 --draws 100
    python benchmarks/evaluate.py runs/mnist-conv-vae-fast --images 100 --draws 5000
    python benchmarks/evaluate.py runs/mnist-conv-vae-fast --whole

Memory is the peak of the whole process. Compare it at two numbers of draws, each in a separate process.
"""

import argparse
import json
import os
import resource
import time
from pathlib import Path

import numpy as np

import isthmus
from isthmus.data import select
from isthmus.scores import gather_evidence, measure_for
from isthmus.units import Estimate, bits_per_dim
from isthmus.workflows.datasets import open_held_out
from isthmus.workflows.evaluation import PARTS


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--images", type=int, help="test images; by default all")
    parser.add_argument("--draws", type=int, default=100, help="importance samples, K")
    parser.add_argument("--batch", type=int, help="images a step; by default what isthmus takes")
    parser.add_argument("--whole", action="store_true", help="every part, each timed, instead of the likelihood alone")
    options = parser.parse_args()
    run = isthmus.load(options.run)
    report: dict[str, object] = {"draws": options.draws, "load_before": os.getloadavg()[0]}
    start = time.perf_counter()
    if options.whole:
        seconds = {}
        for part in PARTS:
            begun = time.perf_counter()
            found = isthmus.evaluate(run, importance_samples=options.draws, parts=(part,), fresh=True)
            seconds[part] = round(time.perf_counter() - begun, 1)
        report |= {"images": found.images, "seconds": seconds}
    else:
        held = open_held_out(run)
        source = held.images if options.images is None else select(held.images, np.arange(options.images))
        batch = {} if options.batch is None else {"batch_size": options.batch}
        found = gather_evidence(run, source, measure_for(run, source), options.draws, **batch)
        bound, weighted = Estimate.of(found.elbo), Estimate.of(found.log_likelihood)
        report |= {
            "images": len(source),
            "elbo_nats": str(bound),
            "log_likelihood_nats": str(weighted),
            "bits_per_dim": round(bits_per_dim(-weighted.mean, run.image.dims), 5),
            "effective_draws": round(float(found.effective_draws.mean()), 1),
            "seconds": round(time.perf_counter() - start, 1),
        }
    report["cpu_seconds"] = round(time.process_time(), 1)
    report["peak_memory_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
