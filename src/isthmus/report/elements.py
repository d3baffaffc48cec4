"""Elements of a page: plots as SVG in the page's colours, and images as data."""

import base64
import io
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray
from PIL import Image

from isthmus.errors import UsageError
from isthmus.plots import THEMES, ThemeName, save_figure
from isthmus.report.page import Panel

CSS_PIXELS_PER_INCH = 96
TICK_POINTS = 8
LARGE_BYTES = 60_000
"""A larger PNG is replaced by a lossy WebP of high quality, if that is smaller."""

_PROLOGUE = re.compile(r"\A.*?(?=<svg\b)", re.DOTALL)
_METADATA = re.compile(r"\s*<(metadata|style)\b.*?</\1>", re.DOTALL)
_SIZE = re.compile(r' (width|height)="([\d.]+)pt"')
_ID = re.compile(r'(\bid="|href="#|url\(#)')
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_TAG = re.compile(r"<[^>]*>")
_EMBEDDED = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)")


def inline_figure(
    draw: Callable[[ThemeName], Figure], name: str, alt: str, *, title: str = "", caption: str = "", shown: int = 460
) -> Panel:
    """Draw a figure as an SVG element whose colours are the page's, light or dark.

    The figure is drawn in the light theme; each of the theme's colours becomes a CSS variable that the page defines for
    both themes (`colour_variables`).  Text stays text, and takes the page's font.

    Args:
        draw: Draws the figure in a theme.
        name: A prefix for the ids in the figure, unique on the page: lower-case letters, digits and hyphens.
        alt: Text for readers who cannot see it.
        title: A few words above it.
        caption: What to see in it.
        shown: Its width in the page, in CSS pixels.  If it has to shrink to that, its text is enlarged first.

    Raises:
        UsageError: If the name has other characters.
    """
    if not re.fullmatch(r"[a-z0-9-]+", name):
        raise UsageError(f"expected a name of lower-case letters, digits and hyphens; got {name!r}.")
    figure = draw("light")
    _enlarge_text(figure, figure.get_figwidth() * CSS_PIXELS_PER_INCH / shown)
    with tempfile.TemporaryDirectory() as folder:
        svg = save_figure(figure, Path(folder, "figure.svg"), transparent=True).read_text(encoding="utf-8")
    svg = _METADATA.sub("", _PROLOGUE.sub("", svg, count=1))
    head, body = svg.split(">", 1)
    sizes = {str(found[1]): float(found[2]) for found in _SIZE.finditer(head)}
    # Only within tags: a class may be called #ffffff.
    svg = _TAG.sub(lambda tag: _COLOUR.sub(_variable, _ID.sub(rf"\1{name}-", tag[0])), f"{_SIZE.sub('', head)}>{body}")
    svg = _EMBEDDED.sub(lambda found: data_uri(_decoded(found[1])), svg)
    opening = Markup('<svg role="img" aria-label="{}"').format(alt)
    html = Markup(svg.replace("<svg", opening, 1).strip())
    return Panel(html, round(sizes["width"] / 72 * CSS_PIXELS_PER_INCH), title, caption)


def _enlarge_text(figure: Figure, times: float) -> None:
    if times <= 1:
        return
    for text in figure.findobj(Text):
        if isinstance(text, Text):
            text.set_fontsize(float(text.get_fontsize()) * times)
    # Ticks are made anew when the figure is drawn, with the settings of their axis.
    for axes in figure.axes:
        axes.tick_params(labelsize=TICK_POINTS * times)


def colour_variables() -> list[tuple[str, str, str]]:
    """The CSS variables that figures use: name, light colour and dark colour, as `#rrggbb`."""
    light, dark = THEMES["light"], THEMES["dark"]
    names = ("background", "ink", "muted", "grid", "highlight", "darker", "brighter")
    pairs = {getattr(light, name): getattr(dark, name) for name in names}
    # A line and the points of a class can share a light colour; the dark one is then the class's.
    pairs |= dict(zip(light.classes, dark.classes, strict=True))
    return [(f"--fig-{colour[1:]}", colour, other) for colour, other in sorted(pairs.items())]


_VARIABLES = {light: f"var({name})" for name, light, _ in colour_variables()}


def _variable(colour: re.Match[str]) -> str:
    return _VARIABLES.get(colour[0], colour[0])


def _decoded(content: str) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(base64.b64decode(content))) as image:
        return np.asarray(image.convert("RGBA"))


def inline_image(image: NDArray[np.uint8], alt: str, *, side: int = 96) -> Markup:
    """Make an `<img>` of one image `(h, w, c)`, uint8; small ones keep their square pixels.

    Args:
        image: Grey, RGB or RGBA.
        alt: Text for readers who cannot see it.
        side: The longer side in the page, in CSS pixels.
    """
    height, width = image.shape[:2]
    scale = side / max(height, width)
    return Markup('<img class="{}" src="{}" alt="{}" width="{}" height="{}">').format(
        "pixels" if scale > 1 else "smooth", data_uri(image), alt, round(width * scale), round(height * scale)
    )


def data_uri(image: NDArray[np.uint8]) -> str:
    """Encode one image `(h, w, c)`, uint8, in a `data:` address: PNG, or WebP where that would be large."""
    image = _least_channels(image)
    file = Image.fromarray(np.ascontiguousarray(image[..., 0] if image.shape[2] == 1 else image))
    content = io.BytesIO()
    file.save(content, "PNG", optimize=True)
    if content.tell() <= LARGE_BYTES:
        return _address("image/png", content)
    smaller = io.BytesIO()
    file.convert("RGBA" if image.shape[2] in (2, 4) else "RGB").save(smaller, "WEBP", quality=90)
    if smaller.tell() < content.tell():
        return _address("image/webp", smaller)
    return _address("image/png", content)


def _address(kind: str, content: io.BytesIO) -> str:
    return f"data:{kind};base64,{base64.b64encode(content.getvalue()).decode()}"


def _least_channels(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Leave out an alpha that is opaque, and colours that are grey."""
    if image.shape[2] == 4 and (image[..., 3] == 255).all():
        image = image[..., :3]
    if image.shape[2] >= 3 and (image[..., :3] == image[..., :1]).all():
        image = np.concatenate([image[..., :1], image[..., 3:]], axis=2)
    return image
