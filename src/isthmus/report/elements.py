"""Pictures within a page: figures as SVG that follow the page's colours, and images as data."""

import base64
import io
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray
from PIL import Image

from isthmus.errors import UsageError
from isthmus.plots import THEMES, ThemeName, save_figure

CSS_PIXELS_AN_INCH = 96
TICK_POINTS = 8
LARGE_BYTES = 60_000
"""A PNG larger than this is written as WebP, with a loss that nobody sees, if that is smaller."""

_PROLOGUE = re.compile(r"\A.*?(?=<svg\b)", re.DOTALL)
_ASIDES = re.compile(r"\s*<(metadata|style)\b.*?</\1>", re.DOTALL)
_SIZE = re.compile(r' (width|height)="([\d.]+)pt"')
_ID = re.compile(r'(\bid="|href="#|url\(#)')
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_TAG = re.compile(r"<[^>]*>")
_EMBEDDED = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)")


@dataclass(frozen=True)
class Drawn:
    """A picture that stands in a page.

    Attributes:
        html: The element.
        width: How wide it is best, in CSS pixels.
    """

    html: Markup
    width: int


def inline_figure(draw: Callable[[ThemeName], Figure], name: str, alt: str, *, shown: int = 460) -> Drawn:
    """Draw a figure as an SVG element whose colours are the page's, light or dark.

    The figure is drawn in the light theme; each of the theme's colours becomes a CSS variable that the page defines for
    both themes (`colour_variables`).  Text stays text, and takes the page's font.

    Args:
        draw: Draws the figure in a theme.
        name: Tells this figure's ids from those of others on the page: small letters, digits and hyphens.
        alt: What a reader who cannot see it should know.
        shown: How wide it will be in the page, in CSS pixels: where it has to shrink to that, its text grows before.

    Raises:
        UsageError: If the name has other characters.
    """
    if not re.fullmatch(r"[a-z0-9-]+", name):
        raise UsageError(f"expected a name of small letters, digits and hyphens; got {name!r}.")
    figure = draw("light")
    _enlarge_text(figure, figure.get_figwidth() * CSS_PIXELS_AN_INCH / shown)
    with tempfile.TemporaryDirectory() as folder:
        svg = save_figure(figure, Path(folder, "figure.svg"), transparent=True).read_text(encoding="utf-8")
    svg = _ASIDES.sub("", _PROLOGUE.sub("", svg, count=1))
    head, body = svg.split(">", 1)
    sizes = {str(found[1]): float(found[2]) for found in _SIZE.finditer(head)}
    # Only within tags: a class may be called #ffffff.
    svg = _TAG.sub(lambda tag: _COLOUR.sub(_variable, _ID.sub(rf"\1{name}-", tag[0])), f"{_SIZE.sub('', head)}>{body}")
    svg = _EMBEDDED.sub(lambda found: data_uri(_decoded(found[1])), svg)
    opening = Markup('<svg role="img" aria-label="{}"').format(alt)
    return Drawn(Markup(svg.replace("<svg", opening, 1).strip()), round(sizes["width"] / 72 * CSS_PIXELS_AN_INCH))


def _enlarge_text(figure: Figure, times: float) -> None:
    if times <= 1:
        return
    for text in figure.findobj(Text):
        if isinstance(text, Text):
            text.set_fontsize(float(text.get_fontsize()) * times)
    # Ticks are made anew when the figure is drawn, by what their axis says.
    for axes in figure.axes:
        axes.tick_params(labelsize=TICK_POINTS * times)


def colour_variables() -> list[tuple[str, str, str]]:
    """The CSS variables that figures use: name, light colour and dark colour, as `#rrggbb`."""
    light, dark = THEMES["light"], THEMES["dark"]
    names = ("background", "ink", "muted", "grid", "highlight", "darker", "brighter")
    pairs = {getattr(light, name): getattr(dark, name) for name in names}
    # In the light, a line and the points of a class can have one colour; in the dark it is the class's.
    pairs |= dict(zip(light.classes, dark.classes, strict=True))
    return [(f"--fig-{colour[1:]}", colour, other) for colour, other in sorted(pairs.items())]


_VARIABLES = {light: f"var({name})" for name, light, _ in colour_variables()}


def _variable(colour: re.Match[str]) -> str:
    return _VARIABLES.get(colour[0], colour[0])


def _decoded(content: str) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(base64.b64decode(content))) as image:
        return np.asarray(image.convert("RGBA"))


def inline_image(image: NDArray[np.uint8], alt: str, *, side: int = 96) -> Drawn:
    """Make an `<img>` of one image `(h, w, c)`, uint8; small ones keep their square pixels.

    Args:
        image: Grey, RGB or RGBA.
        alt: What a reader who cannot see it should know.
        side: How long the longer side is in the page, in CSS pixels.
    """
    height, width = image.shape[:2]
    scale = side / max(height, width)
    html = Markup('<img class="{}" src="{}" alt="{}" width="{}" height="{}">').format(
        "pixels" if scale > 1 else "smooth", data_uri(image), alt, round(width * scale), round(height * scale)
    )
    return Drawn(html, round(width * scale))


def data_uri(image: NDArray[np.uint8]) -> str:
    """Encode one image `(h, w, c)`, uint8, in a `data:` address: PNG, or WebP where that would be large."""
    image = _least_channels(image)
    picture = Image.fromarray(np.ascontiguousarray(image[..., 0] if image.shape[2] == 1 else image))
    content = io.BytesIO()
    picture.save(content, "PNG", optimize=True)
    if content.tell() <= LARGE_BYTES:
        return _address("image/png", content)
    smaller = io.BytesIO()
    picture.convert("RGBA" if image.shape[2] in (2, 4) else "RGB").save(smaller, "WEBP", quality=90)
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


def difference_image(given: NDArray[np.uint8], made: NDArray[np.uint8], full: int) -> NDArray[np.uint8]:
    """Colour the difference of two images `(h, w, c)`, uint8, clear where there is none: RGBA `(h, w, 4)`.

    Grey differences are blue where `made` is darker and orange where it is brighter; colour ones are orange by the root
    mean square over the channels.  The colour is full from a difference of `full` on, 1 to 255.
    """
    colours = min(given.shape[2], 3)
    difference = made[..., :colours].astype(np.float64) - given[..., :colours]
    signed = difference[..., 0] if colours == 1 else np.sqrt(np.mean(difference**2, axis=2))
    look = THEMES["light"]
    colour = np.where(signed[..., None] < 0, _channels(look.darker), _channels(look.brighter))
    alpha = np.rint(255 * np.clip(np.abs(signed) / full, 0, 1)).astype(np.uint8)
    return np.concatenate([colour, alpha[..., None]], axis=2)


def _channels(colour: str) -> NDArray[np.uint8]:
    return np.frombuffer(bytes.fromhex(colour[1:]), np.uint8)


def thumbnails(images: NDArray[np.uint8], side: int = 96) -> NDArray[np.uint8]:
    """Shrink images `(n, h, w, c)`, uint8, until the longer side has at most `side` pixels; small ones stay."""
    height, width = images.shape[1:3]
    scale = side / max(height, width)
    if scale >= 1:
        return images
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    grey = images.shape[3] == 1
    shrunk = [
        np.asarray(Image.fromarray(image[..., 0] if grey else image).resize(size, Image.Resampling.LANCZOS))
        for image in images
    ]
    return np.stack(shrunk)[..., None] if grey else np.stack(shrunk)
