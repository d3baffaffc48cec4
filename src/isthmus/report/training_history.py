"""How a training went: the curves of its losses and its film, as elements of a page."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isthmus import plots
from isthmus.plots.of_run import best_epoch_of, terms_of
from isthmus.plots.sheets import VISIBLE_PIXELS, arrange, rgba, thumbnails
from isthmus.plots.training_film import COLUMNS, GAP, SHOWN, frame_label
from isthmus.report.elements import data_uri, inline_figure
from isthmus.report.page import FilmSection, Frame, Panel
from isthmus.runs import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_FRAMES, KEY_FRAMES = 24, 6
WIDTH = 440
"""The width of a film, in CSS pixels; small frames are enlarged a whole number of times."""
_CAPTIONS = {
    "loss": "The loss, which training minimises.",
    "distortion": "The distance of reconstructions from their images.",
    "rate": "The information in the latent codes.",
    "dissimilarity": "The weighted structural dissimilarity of reconstructions from their images, 1 − MS-SSIM.",
    "regularisation": "The losses that layers of the custom network add.",
}
_PENALTY = "A penalty that the objective adds."


def curves(run: Run, columns: Mapping[str, NDArray[np.float64]]) -> list[Panel]:
    """Draw each term of the loss by epoch.

    Args:
        run: The run.
        columns: Its history, each `(epochs,)`, nats per image.
    """

    def draw(term: str, theme: plots.ThemeName) -> "Figure":
        figure = plots.history(columns, terms=[term], best_epoch=best_epoch_of(run), theme=theme)
        figure.axes[0].set_title("", loc="left")  # the panel has a title of its own
        return figure

    return [
        inline_figure(
            lambda theme, term=term: draw(term, theme),  # type: ignore[misc]
            f"curve-{term}",
            f"The {term} by epoch, in training and in validation, in nats per image.",
            title=term.capitalize(),
            caption=f"{_CAPTIONS.get(term, _PENALTY)} Nats per image, by epoch.",
        )
        for term in terms_of(run, columns)
    ]


def film(run: Run, frames: Sequence[tuple[int, NDArray[np.uint8]]]) -> FilmSection | None:
    """Choose at most `MOST_FRAMES` frames, more of the early ones; None without any.

    Args:
        run: The run.
        frames: The epoch and the image `(h, w, 3)` of each.
    """
    if not frames:
        return None
    chosen = sorted({round((len(frames) - 1) * (k / (MOST_FRAMES - 1)) ** 1.5) for k in range(MOST_FRAMES)})
    keys = {chosen[round((len(chosen) - 1) * k / (KEY_FRAMES - 1))] for k in range(KEY_FRAMES)}
    small = [_small_frame(run, frames[k][1]) for k in chosen]
    height, width = small[0].shape[:2]
    times = max(1, WIDTH // width)
    shown = [
        Frame(data_uri(image), frame_label(frames[k][0]), k in keys) for k, image in zip(chosen, small, strict=True)
    ]
    if run.restores:
        title, what = "Predictions", "The predictions for the same inputs before training and after each epoch."
    else:
        source = "a draw of its posterior" if run.latent.is_random else "its latent code"
        title, what = (
            "Reconstructions",
            f"The same images before training and after each epoch, each decoded from {source}.",
        )
    return FilmSection(f"{title} during training", shown, (times * width, times * height), what)


def _small_frame(run: Run, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A frame with its images at their own size, on a transparent background; one of another layout is only shrunk."""
    height, width = run.image.shape[:2]
    times = math.ceil(VISIBLE_PIXELS / max(height, width))
    down, across = (times * side + GAP for side in (height, width))
    cells = [
        frame[top : top + times * height : times, left : left + times * width : times]
        for top in range(GAP, frame.shape[0] - GAP, down)
        for left in range(GAP, frame.shape[1] - GAP, across)
    ]
    if len({cell.shape for cell in cells}) != 1 or cells[0].shape[:2] != (height, width):
        shrunk: NDArray[np.uint8] = thumbnails(frame[None], WIDTH)[0]
        return shrunk
    small: NDArray[np.uint8] = arrange(rgba(thumbnails(np.stack(cells[:SHOWN]))), COLUMNS, 2)
    return small
