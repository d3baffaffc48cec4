"""Measure a model of photographs beside PCA with as many dimensions, on held-out images.

    python benchmarks/photographs.py crops/ --minutes 5
    python benchmarks/photographs.py crops/ --minutes 1 --seeds 10
    python benchmarks/photographs.py crops/ --minutes 5 --latent-dim 1024

PCA is fitted to all images that the run did not hold out, those that chose its best epoch too. Test images choose
nothing. Each row is one training; ratios below 1 and differences above 0 are in favour of the model.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import isthmus
from isthmus.data import as_source
from isthmus.evaluation.pca import PCABaseline
from isthmus.evaluation.reconstruction import measure_reconstruction
from isthmus.runs import Run
from isthmus.workflows.datasets import open_training_data

COLUMNS = (
    *("seed", "steps", "seconds", "MSE", "PCA's", "ratio", "PSNR dB", "over PCA"),
    *("SSIM", "PCA's", "sharpness", "PCA's"),
)


def measure(run: Run, data: str, pca_dim: int | None) -> list[Any]:
    """The row of a run: its errors, and those of PCA, on the run's test images."""
    parts = open_training_data(data, run.recipe)
    assert parts.test is not None
    fitting = [part.read(np.arange(len(part))) for part in (parts.train, parts.validation) if part is not None]
    pixels = np.concatenate(fitting).astype(np.float32) / 255.0
    pca = PCABaseline(pixels, pca_dim or run.recipe.latent.dim, seed=0)
    test = parts.test.read(np.arange(len(parts.test)))
    found = measure_reconstruction(run, as_source(test), 0, pca)
    assert found.pca is not None
    mse, pca_mse = found.run.mse.mean(), found.pca.mse.mean()
    psnr, ssim = found.run.psnr.mean(), found.run.ssim.mean()
    training = run.manifest.training
    assert training is not None
    return [
        run.recipe.training.seed,
        training.steps,
        f"{training.seconds:.0f}",
        f"{mse:.5f}",
        f"{pca_mse:.5f}",
        f"{mse / pca_mse:.3f}",
        f"{psnr:.2f}",
        f"{psnr - found.pca.psnr.mean():+.2f}",
        f"{ssim:.3f}",
        f"{found.pca.ssim.mean():.3f}",
        f"{found.run.sharpness.mean:.2f}",
        f"{found.pca.sharpness.mean:.2f}",
    ]


def main() -> None:
    """Train, measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--recipe")
    parser.add_argument("--latent-dim", type=int)
    parser.add_argument("--pca-dim", type=int, help="dimensions of PCA, if not those of the model")
    options = parser.parse_args()
    dim = {} if options.latent_dim is None else {"latent.dim": options.latent_dim}
    print("| " + " | ".join(COLUMNS) + " |\n|" + " --- |" * len(COLUMNS), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.seeds):
            run = isthmus.train(
                options.data,
                options.recipe,
                Path(folder) / str(seed),
                minutes=options.minutes,
                changes={**dim, "training.seed": seed},
                report=False,
            )
            print("| " + " | ".join(map(str, measure(run, options.data, options.pca_dim))) + " |", flush=True)


if __name__ == "__main__":
    main()
