"""What is known of a run, and what stands out about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from isthmus.recipes import Recipe

Tone = Literal["bad", "warning", "note", "good"]
Columns = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Finding:
    """One thing that stands out.

    Attributes:
        tone: How bad it is.
        title: It, in a few words.
        text: What it means, in a sentence or two.
        remedy: What to do, where there is something.
        command: The command that does it, or nothing.
    """

    tone: Tone
    title: str
    text: str
    remedy: str = ""
    command: str = ""


@dataclass(frozen=True)
class Observed:
    """What is known of a run; None where it is not.

    Attributes:
        recipe: What it was made by.
        state: How its training ended.
        message: Why it ended early, where it did.
        epochs: Epochs finished.
        best_epoch: The epoch whose weights the run holds.
        train_images: Images that it learned from.
        validation_images: Images that chose the best epoch.
        test_images: Images kept aside to test on.
        history: Columns by epoch, nats per image: `loss`, `val_loss`, `distortion` and so on.
        kl_nats: Each dimension's KL from the prior, averaged over images, `(d,)`.
        code_variance: Each dimension's variance over images, of the codes' means, `(d,)`.
        code_power: Each dimension's mean square, over images and over their posteriors, `(d,)`; 1 under the prior.
        mse: The squared error of reconstructions, pixels from 0 to 1.
        pixel_variance: The squared error that the mean image would have.
        distortion_nats: Each image's distortion, `(n,)`.
        names: The images' names.
        run: The run's folder.
        data: What its images are called.
    """

    recipe: Recipe
    state: str
    message: str
    epochs: int
    best_epoch: int
    train_images: int
    validation_images: int
    test_images: int
    history: Columns
    kl_nats: NDArray[np.float64] | None = None
    code_variance: NDArray[np.float64] | None = None
    code_power: NDArray[np.float64] | None = None
    mse: float | None = None
    pixel_variance: float | None = None
    distortion_nats: NDArray[np.float64] | None = None
    names: Sequence[str] = ()
    run: str = "RUN"
    data: str = "DATA"
