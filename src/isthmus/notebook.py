"""A run in a Jupyter notebook: pictures as `isthmus plot` draws them, the training's film, and sliders over the code.

    from isthmus import notebook

    notebook.sliders(run)

Sliders take `pip install 'isthmus[notebook]'`.  A run and a picture show themselves where they are a cell's last line.
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
from isthmus.plots.sheets import arrange, enlarge, rgba
from isthmus.plots.training_film import FILM
from isthmus.plots.traversals import traversal_codes
from isthmus.report import thumbnails
from isthmus.runs import Run, require_autoencoder
from isthmus.runs.folder import PICTURES, read_picture

if TYPE_CHECKING:
    import ipywidgets
    from IPython.display import Image as ShownImage
    from matplotlib.figure import Figure

MOST_SLIDERS, STEPS = 10, 9
STRIP_SIDE, GAP = 40, 2
"""The longer side of a strip's images, at most, and the pixels between them."""
PICTURE_SIDE = 224
SOUNDINGS = 500
"""Codes drawn to see how far they spread."""


def draw(run: Run, kind: str, **options: Any) -> "Figure":
    """Draw a picture as `isthmus plot` does: `manifold`, `grid`, `scatter`, `traversal`, `interpolation` or `history`.

    Args:
        run: The run.
        kind: What to draw.
        **options: What the command takes for it, such as `count=500`, its `--range` as `span=(-3, 3)`; and `axes`, to
            draw there.

    Raises:
        UsageError: If there is no such kind or option, or the run cannot be drawn so.
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
    """A slider for each number of the code, the image that they decode to, and what each does by itself.

    Beside a slider stand the images that its whole range would give, the other numbers as they are.  The sliders come
    in the order of how much they change the picture.

    Args:
        run: The run.
        image: Where to start, `(h, w, c)`; by default from the run's typical code.
        most: How many sliders to show.

    Raises:
        UsageError: If ipywidgets is not installed, `most` is no number of sliders, or the run restores pictures.
        DataError: If the image is not of the run's shape.
    """
    if not isinstance(most, int | np.integer) or most < 1:
        raise UsageError(f"expected a whole number of sliders as `most`, 1 or more; got {most!r}.")
    try:
        import ipywidgets
    except ImportError:
        raise _needs("ipywidgets") from None
    require_autoencoder(run)
    return _Panel(ipywidgets, run, image, most).widget


class _Panel:
    """The sliders, the picture and the strips of one run, and what joins them."""

    def __init__(self, widgets: Any, run: Run, image: ArrayLike | None, most: int) -> None:
        self._run, self._decode, self._draws = run, decoder_of(run), 0
        drawn = run.sample_codes(SOUNDINGS)
        self._start = run.typical_code if image is None else _code_of(run, np.asarray(image))
        self._code = self._start.copy()
        low, high = range_of(run, drawn)
        # An image's code may lie where few do, and has to be within reach all the same.
        self._values = np.linspace(min(low, self._start.min()), max(high, self._start.max()), STEPS)
        self._order = self._by_effect()[:most]
        self._picture = widgets.Image(format="png")
        self._strips = [widgets.Image(format="png") for _ in self._order]
        ends = {"min": self._values[0], "max": self._values[-1], "step": (self._values[-1] - self._values[0]) / 500}
        self._sliders = [
            widgets.FloatSlider(self._code[k], description=f"z[{k}]", readout_format=".2f", **ends) for k in self._order
        ]
        for slider in self._sliders:
            slider.observe(self._moved, "value")
        again = widgets.Button(description="Start again", tooltip="Back to where the sliders were")
        another = widgets.Button(description="Another", tooltip="A code drawn from the model")
        again.on_click(lambda _: self._go(self._start))
        another.on_click(self._draw)
        rows = [widgets.HBox(pair) for pair in zip(self._sliders, self._strips, strict=True)]
        left = widgets.VBox([self._picture, widgets.HBox([again, another])])
        self.widget = widgets.HBox([left, widgets.VBox(rows)])
        self._show()

    def _by_effect(self) -> NDArray[np.int64]:
        """The numbers of the code, the one that changes the picture most first."""
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
            # Each slider's own event would decode once more, and take the code back to what the slider can hold.
            slider.unobserve(self._moved, "value")
            slider.value = code[k]
            slider.observe(self._moved, "value")
        self._show()

    def _show(self) -> None:
        codes = np.concatenate([self._code[None], traversal_codes(self._code, self._order, self._values)])
        images = self._decode(codes)
        times = max(1, round(PICTURE_SIDE / max(images.shape[1:3])))
        self._picture.value = _png(enlarge(images[:1], times)[0])
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
    return UsageError(f"this needs {package}, which is not installed. `pip install 'isthmus[notebook]'` brings it.")
