"""Train runs with planted faults and healthy runs, and check the diagnosis of each.

Every planted fault must be found, and no healthy run may get a fault. Runs are stored in a folder, so that a second
call only diagnoses.

    python benchmarks/diagnose.py --out runs/diagnosis                 # MNIST
    python benchmarks/diagnose.py --out runs/diagnosis --data digits   # 5,000 digits
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import isthmus
from isthmus.data import open_images
from isthmus.evaluation.diagnosis import diagnose
from isthmus.evaluation.measurements import Measurements
from isthmus.evaluation.summaries import full_summary
from isthmus.workflows.amortisation import amortisation_gap
from isthmus.workflows.datasets import open_held_out

FEW = 500


@dataclass(frozen=True)
class Case:
    """A run, and the fault that was planted in it, by the finding's key; None for a healthy one."""

    name: str
    fault: str | None
    recipe: str = "conv-vae-fast"
    changes: dict[str, Any] = field(default_factory=dict)
    few: bool = False
    networks: Callable[[], tuple[Any, Any]] | None = None


def ignoring() -> tuple[Any, Any]:
    """An encoder like others, and a decoder that multiplies its code by 0."""
    from keras import Input, Model, layers

    images, code = Input((28, 28, 1)), Input((2,))
    features = layers.Dense(256, activation="relu")(layers.Flatten()(images))
    hidden = layers.Dense(64, activation="relu")(layers.Rescaling(0.0)(code))
    return Model(images, features), Model(code, layers.Reshape((28, 28, 1))(layers.Dense(784)(hidden)))


def narrow() -> tuple[Any, Any]:
    """An encoder of one unit, and a decoder that could do more."""
    from keras import Input, Model, layers

    images, code = Input((28, 28, 1)), Input((2,))
    features = layers.Dense(1, activation="tanh")(layers.Flatten()(images))
    hidden = layers.Dense(256, activation="relu")(layers.Dense(256, activation="relu")(code))
    return Model(images, features), Model(code, layers.Reshape((28, 28, 1))(layers.Dense(784)(hidden)))


CASES = (
    Case("healthy-fast", None),
    Case("healthy-wide", None, changes={"latent.dim": 16, "training.epochs": 4}),
    Case("healthy-grey", None, recipe="dense-vae"),
    Case("healthy-plain", None, recipe="conv-ae", changes={"training.epochs": 3}),
    Case("healthy-noise-level", None, recipe="conv-vae-colour", changes={"training.epochs": 3, "latent.dim": 16}),
    Case("ignoring-decoder", "ignored_code", networks=ignoring),
    Case("beta-50", "strong_beta", changes={"objective.beta": 50}),
    Case("few-images", "overfit", changes={"training.epochs": 150, "training.validation_fraction": 0}, few=True),
    Case("one-unit", "weak_encoder", networks=narrow, changes={"training.epochs": 3}),
    Case("one-unit-both", "ignored_code", changes={"network": "dense", "network.units": [1], "training.epochs": 3}),
)


def few_of(data: str, folder: Path) -> Path:
    """Keep the first images of a set, and its test images, as a file of their own."""
    path = folder / f"{data}-{FEW}.npz"
    if not path.exists():
        images = open_images(data)
        assert images.test is not None
        parts = {"train": (images.train, np.arange(FEW)), "test": (images.test, np.arange(len(images.test)))}
        arrays = {}
        for name, (source, indices) in parts.items():
            arrays[f"x_{name}"] = source.read(indices)
            if source.labels is not None:
                arrays[f"y_{name}"] = source.labels[indices]
        np.savez_compressed(path, **arrays)
    return path


def main() -> int:
    """Train, diagnose, and print one JSON object a run; the exit status says whether all went as planted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--only", nargs="*")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    wrong = 0
    for case in CASES:
        if options.only and case.name not in options.only:
            continue
        data = few_of(options.data, options.out) if case.few else options.data
        place = options.out / f"{options.data}-{case.name}"
        start = time.perf_counter()
        if not place.exists():
            if case.networks is not None:
                from isthmus.training.backends import choose_backend

                choose_backend()
                encoder, decoder = case.networks()
                isthmus.train(data, case.recipe, place, changes=case.changes, encoder=encoder, decoder=decoder)
            else:
                isthmus.train(data, case.recipe, place, changes=case.changes)
        run = isthmus.load(place)
        trained = time.perf_counter()
        found = open_held_out(run, data)
        measured = Measurements(run, found.images, found.train, seed=0)
        gap = amortisation_gap(measured, trust=True)
        summary = full_summary(measured, None if isinstance(gap, str) else gap)
        findings = diagnose(summary)
        faults = [finding.key for finding in findings if finding.severity == "fault"]
        right = (case.fault in faults) if case.fault else not faults
        wrong += not right
        report = {
            "run": case.name,
            "planted": case.fault,
            "as_expected": right,
            "findings": [f"{finding.severity}: {finding.title}. {finding.evidence}" for finding in findings],
            "left_out": gap if isinstance(gap, str) else "",
            "training_seconds": round(trained - start, 1),
            "diagnosis_seconds": round(time.perf_counter() - trained, 1),
            "summary": {name: str(value) for name, value in vars(summary).items()},
        }
        print(json.dumps(report, ensure_ascii=False, indent=1), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
