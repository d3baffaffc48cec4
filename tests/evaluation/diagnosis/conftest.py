import numpy as np
import pytest

from isthmus.evaluation.diagnosis import BaselineResult, Progress, Summary
from isthmus.recipes import RECIPES, with_fields
from isthmus.units import Estimate

FALLING = np.array([200.0, 150, 120, 110, 105, 103, 102, 101.8, 101.7, 101.65])


@pytest.fixture
def beside():
    """Makes a baseline whose error is `share` of a model's 0.062, measured on many images."""

    def make(share, count=10_000, dim=2):
        mse = 0.062 * share
        return BaselineResult(mse, -10 * np.log10(mse), Estimate(0.062 - mse, 0.02 / count**0.5, count), dim, 5_000)

    return make


@pytest.fixture
def healthy(beside):
    """The summary of a run without any fault."""
    rng = np.random.default_rng(0)
    return Summary(
        recipe=with_fields(RECIPES["conv-vae"], {"latent.dim": 2}),
        progress=Progress(
            epochs=10,
            best_epoch=10,
            history={
                "loss": FALLING - 1,
                "val_loss": FALLING,
                "distortion": FALLING - 6,
                "val_distortion": FALLING - 5,
            },
        ),
        train_images=60_000,
        validation_images=1_000,
        test_images=10_000,
        mse=0.062,
        psnr_db=12.1,
        pca=beside(1.2),
        mean_image=beside(1.7, dim=0),
        shuffled_mse=0.107,
        active=np.array([True, True]),
        rate=5.4,
        code_power=1.0,
        code_worth=175.0,
        train_mse=0.062,
        test_loss=Estimate(155.6, 0.5, 10_000),
        train_loss=Estimate(155.2, 1.2, 2_000),
        distortion=rng.normal(100, 10, 1000),
        names=[f"image-{k}" for k in range(1000)],
        holes=0.05,
        code_error=0.064,
        pca_code_error=0.070,
        amortisation_gap=Estimate(8.0, 1.6, 64),
    )
