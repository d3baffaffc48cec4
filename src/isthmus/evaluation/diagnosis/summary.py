"""A summary of the measurements of a run, on which its diagnosis rests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from isthmus.evaluation.codebook import CodebookUse
from isthmus.probability import latent_variable
from isthmus.recipes import Recipe
from isthmus.units import Estimate

LEAST_CODE_USE = 0.02
"""Below this `code_use`, a decoder ignores its code."""
LEAST_SPREAD = 3.0
"""Standard errors that a difference must exceed to be one."""
LEAST_DIFFERENCE = 0.01
"""The share of an error that a difference must exceed to matter."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Progress:
    """How a training went.

    Attributes:
        state: How it ended: `complete`, `interrupted` or `failed`.
        message: Why it ended early, where it did.
        epochs: Epochs finished.
        best_epoch: The epoch whose weights the run holds, from 1; 0 for the weights before training.
        history: Columns by epoch, nats per image: `loss`, `val_loss`, `distortion` and so on, each `(epochs,)`.
    """

    state: str = "complete"
    message: str = ""
    epochs: int = 0
    best_epoch: int = 0
    history: Mapping[str, FloatArray] = field(default_factory=dict)

    @property
    def judged(self) -> FloatArray:
        """The loss that chose the best epoch, where it is finite."""
        values = np.asarray(self.history.get("val_loss", self.history.get("loss", np.zeros(0))))
        return values[np.isfinite(values)]


@dataclass(frozen=True)
class BaselineResult:
    """What a model has to beat, on the same held-out images.

    Attributes:
        mse: Mean squared error per pixel, brightness from 0 to 1.
        psnr_db: Peak signal-to-noise ratio, the mean over images, dB.
        excess: The model's squared error less the baseline's, paired image by image.
        dim: Its dimensions.
        fitted_on: The training images that it was fitted to; 0 where it needs none.
    """

    mse: float
    psnr_db: float
    excess: Estimate
    dim: int = 0
    fitted_on: int = 0

    @property
    def wins(self) -> bool:
        """Whether it is better than the model, by more than chance."""
        return _exceeds(self.excess.mean, self)

    @property
    def loses(self) -> bool:
        """Whether the model is better, by more than chance."""
        return _exceeds(-self.excess.mean, self)


def _exceeds(difference: float, baseline: BaselineResult) -> bool:
    return difference > max(LEAST_SPREAD * baseline.excess.standard_error, LEAST_DIFFERENCE * baseline.mse)


@dataclass(frozen=True)
class Summary:
    """The measurements of a run in summary; None where something was not measured.

    Attributes:
        recipe: What the run was made by.
        progress: How its training went.
        train_images: The images that the run was trained on.
        validation_images: Those that chose the best epoch.
        test_images: Those held out to test on.
        mse: Mean squared error of reconstructions (of a task, of predictions) of held-out images.
        psnr_db: Their peak signal-to-noise ratio, the mean over images, dB.
        pca: PCA with as many dimensions as a code, or as have the size of a discrete code.
        mean_image: The mean training image.
        unchanged: Of a task, the input as it is.
        shuffled_mse: The squared error of another image's reconstruction.
        active: Which dimensions of the code vary over images, `(dim,)`.
        codebook: How much of its codebook the code uses, if it is discrete.
        rate: KL from the prior, nats.
        code_power: The mean square of the active dimensions, over images and posteriors; 1 under a standard normal
            prior, and None for another.
        code_worth: Nats by which an image's own code explains it better than another's does.
        train_mse: Mean squared error of reconstructions of training images.
        test_loss: Distortion + rate of held-out images, nats.
        train_loss: The same of training images.
        distortion: Distortion of each held-out image, nats, `(n,)`.
        names: Their names.
        holes: The share of the prior where codes hardly ever fall.
        code_error: Squared error of images guessed from the nearest codes; see `isthmus.evaluation.retention`.
        pca_code_error: The same of PCA of the same dimension.
        amortisation_gap: Nats gained by optimising each posterior.
    """

    recipe: Recipe
    progress: Progress = Progress()
    train_images: int = 0
    validation_images: int = 0
    test_images: int = 0
    mse: float | None = None
    psnr_db: float | None = None
    pca: BaselineResult | None = None
    mean_image: BaselineResult | None = None
    unchanged: BaselineResult | None = None
    shuffled_mse: float | None = None
    active: NDArray[np.bool_] | None = None
    codebook: CodebookUse | None = None
    rate: float | None = None
    code_power: float | None = None
    code_worth: float | None = None
    train_mse: float | None = None
    test_loss: Estimate | None = None
    train_loss: Estimate | None = None
    distortion: FloatArray | None = None
    names: Sequence[str] = ()
    holes: float | None = None
    code_error: float | None = None
    pca_code_error: float | None = None
    amortisation_gap: Estimate | None = None

    @property
    def dim(self) -> int:
        """The dimensions of a code."""
        return self.recipe.latent.dim

    @property
    def float_dim(self) -> int:
        """The 32-bit numbers that have the size of a code: the dimensions of PCA beside it."""
        return latent_variable(self.recipe).float_dim

    @property
    def has_rate(self) -> bool:
        """Whether codes have a distribution."""
        return self.recipe.latent.has_posterior

    @property
    def restores(self) -> bool:
        """Whether the task is another than to reconstruct the input."""
        return self.recipe.task.restores

    @property
    def beta(self) -> float:
        """The weight of the rate."""
        return self.recipe.objective.beta

    @property
    def baseline(self) -> BaselineResult | None:
        """What decides the verdict: PCA, or of a task the unchanged input."""
        return self.unchanged if self.restores else self.pca

    @property
    def code_use(self) -> float | None:
        """The share of the squared error of a wrong code that the right one takes away; 0 for an ignored code."""
        if self.mse is None or self.shuffled_mse is None:
            return None
        return 1.0 - self.mse / self.shuffled_mse if self.shuffled_mse > 0.0 else 1.0

    @property
    def ignores_code(self) -> bool:
        """Whether a wrong code does as well; then there is no more to say of codes, priors and encoders."""
        return self.code_use is not None and self.code_use < LEAST_CODE_USE
