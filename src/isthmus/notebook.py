"""A run in a Jupyter notebook: plots, the film of its training, and sliders for its latent dimensions.

    from isthmus import notebook

    notebook.sliders(run)

Sliders need `pip install 'isthmus[notebook]'`.  A run or a figure on the last line of a cell is displayed.
"""

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from isthmus.errors import DataError, UsageError
from isthmus.plots.checks import Images
from isthmus.plots.of_run import decoder_of, range_of
from isthmus.plots.sheets import arrange, enlarge, rgba, thumbnails
from isthmus.plots.training_film import FILM
from isthmus.plots.traversals import traversal_codes
from isthmus.runs import Run, require_autoencoder, require_continuous
from isthmus.runs.folder import PICTURES, read_picture

if TYPE_CHECKING:
    import ipywidgets
    from IPython.display import Image as ShownImage
    from matplotlib.figure import Figure

MOST_SLIDERS, STEPS = 10, 9
STRIP_SIDE, GAP = 40, 2
"""The longer side of the images in a strip, at most, and the pixels between them."""
IMAGE_SIDE = 224
RANGE_SAMPLES = 500
"""Latent codes sampled to estimate the range of the sliders."""


def draw(run: Run, kind: str, **options: Any) -> "Figure":
    """Draw a figure as `isthmus plot` does: `manifold`, `grid`, `scatter`, `traversal`, `interpolation` or `history`.

    Args:
        run: The run.
        kind: What to draw.
        **options: The options of the command, such as `count=500`, with `--range` as `span=(-3, 3)`; and `axes`, the
            Matplotlib axes to draw on.

    Raises:
        UsageError: If there is no such kind or option, or the figure does not suit the run.
        DataError: If the run's images cannot be found.
    """
    from isthmus.workflows import plot

    return plot.draw(run, kind, **options).figure


def film(run: Run) -> "ShownImage":
    """The film of a run's training: the same images before it, and after each epoch.

    Raises:
        DataError: If the run has none.
        UsageError: If IPython is not installed.
    """
    path = run.path / PICTURES / FILM
    try:
        content = read_picture(path)
    except OSError as error:
        raise DataError(f"{run.path} has no {PICTURES}/{FILM} that can be read ({error.strerror}).") from None
    try:
        from IPython.display import Image as Shown
    except ImportError:
        raise _needs("IPython") from None
    return Shown(data=content, format="gif")


def sliders(run: Run, image: ArrayLike | None = None, most: int = MOST_SLIDERS) -> "ipywidgets.Widget":
    """Sliders for the latent dimensions, the decoded image, and the effect of each dimension.

    Beside each slider are the images over its range, with the other dimensions unchanged.  Sliders are sorted by how
    much they change the image.

    Args:
        run: The run.
        image: The image to start from, `(h, w, c)`; by default the typical latent code of the run.
        most: The largest number of sliders.

    Raises:
        UsageError: If ipywidgets is not installed, `most` is not a positive integer, or the run restores images.
        DataError: If the image is not of the run's shape.
    """
    if not isinstance(most, int | np.integer) or most < 1:
        raise UsageError(f"expected a whole number of sliders as `most`, 1 or more; got {most!r}.")
    try:
        import ipywidgets
    except ImportError:
        raise _needs("ipywidgets") from None
    require_autoencoder(run)
    require_continuous(run, "a slider")
    return _Panel(ipywidgets, run, image, most).widget


class _Panel:
    """The sliders, the image and the strips of one run."""

    def __init__(self, widgets: Any, run: Run, image: ArrayLike | None, most: int) -> None:
        self._run, self._decode, self._draws = run, decoder_of(run), 0
        drawn = run.sample_codes(RANGE_SAMPLES)
        self._start = run.typical_code if image is None else _code_of(run, np.asarray(image))
        self._code = self._start.copy()
        low, high = range_of(run, drawn)
        # The code of an image may be unusual, and has to be within the range all the same.
        self._values = np.linspace(min(low, self._start.min()), max(high, self._start.max()), STEPS)
        self._order = self._by_effect()[:most]
        self._image = widgets.Image(format="png")
        self._strips = [widgets.Image(format="png") for _ in self._order]
        ends = {"min": self._values[0], "max": self._values[-1], "step": (self._values[-1] - self._values[0]) / 500}
        self._sliders = [
            widgets.FloatSlider(self._code[k], description=f"z[{k}]", readout_format=".2f", **ends) for k in self._order
        ]
        for slider in self._sliders:
            slider.observe(self._moved, "value")
        again = widgets.Button(description="Start again", tooltip="Back to the first latent code")
        another = widgets.Button(description="Another", tooltip="A latent code sampled from the model")
        again.on_click(lambda _: self._go(self._start))
        another.on_click(self._draw)
        rows = [widgets.HBox(pair) for pair in zip(self._sliders, self._strips, strict=True)]
        left = widgets.VBox([self._image, widgets.HBox([again, another])])
        self.widget = widgets.HBox([left, widgets.VBox(rows)])
        self._show()

    def _by_effect(self) -> NDArray[np.int64]:
        """The latent dimensions, the one that changes the image most first."""
        ends = self._values[[0, -1]]
        images = self._decode(traversal_codes(self._code, range(len(self._code)), ends)).astype(np.float32)
        low, high = images.reshape(len(self._code), len(ends), -1).swapaxes(0, 1)
        changes = np.square(high - low).sum(axis=1)
        return np.argsort(-changes, kind="stable")

    def _moved(self, change: Mapping[str, Any]) -> None:
        self._code[self._order[self._sliders.index(change["owner"])]] = change["new"]
        self._show()

    def _draw(self, _: Any) -> None:
        self._draws += 1
        self._go(self._run.sample_codes(1, seed=self._draws)[0])

    def _go(self, code: NDArray[np.float32]) -> None:
        self._code = code.copy()
        for k, slider in zip(self._order, self._sliders, strict=True):
            # Each slider's own event would decode once more, and limit the code to the range of the slider.
            slider.unobserve(self._moved, "value")
            slider.value = code[k]
            slider.observe(self._moved, "value")
        self._show()

    def _show(self) -> None:
        codes = np.concatenate([self._code[None], traversal_codes(self._code, self._order, self._values)])
        images = self._decode(codes)
        times = max(1, round(IMAGE_SIDE / max(images.shape[1:3])))
        self._image.value = _png(enlarge(images[:1], times)[0])
        small = rgba(thumbnails(images[1:], STRIP_SIDE))
        for i, strip in enumerate(self._strips):
            strip.value = _png(arrange(small[i * STEPS : (i + 1) * STEPS], STEPS, GAP))


def _code_of(run: Run, image: NDArray[Any]) -> NDArray[np.float32]:
    if image.ndim not in (2, 3):
        raise DataError(f"expected one image as an array (height, width, channels); got one of shape {image.shape}.")
    code: NDArray[np.float32] = run.encode(image[None])["mean"][0]
    return code


def _png(image: Images) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image[..., 0] if image.shape[2] == 1 else image)).save(content, "PNG")
    return content.getvalue()


def _needs(package: str) -> UsageError:
    return UsageError(f"this needs {package}, which is not installed. `pip install 'isthmus[notebook]'` installs it.")
