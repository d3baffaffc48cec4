"""What image files become for a model: their size, their channels and how they are fitted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from isthmus.data.depth import BITS
from isthmus.data.limits import MOST_CHANNELS, MOST_PIXELS
from isthmus.data.source import ImageSpec, PixelType
from isthmus.errors import UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

Fit: TypeAlias = Literal["crop", "pad", "stretch"]
FITS: tuple[Fit, ...] = get_args(Fit)
CHANNELS = (1, 3, 4)
KEPT_SIDE = 64
"""Images of one size are taken as they are, if neither side is longer than this many pixels."""
LARGE, SMALL = 64, 32
"""The sides that other images get: small, if more than half of them are no larger."""

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_WORDS = {1: "grey", 3: "RGB", 4: "RGBA"}
_DONE = {"crop": "cropped", "pad": "padded", "stretch": "stretched"}


@dataclass(frozen=True)
class Preprocessing:
    """What image files become: stored in a run, and applied whenever the run meets image files again.

    Attributes:
        height: Pixels.
        width: Pixels.
        channels: 1 (grey), 3 (RGB), 4 (RGB with alpha), or the number of bands, up to 16.
        fit: How an image of other proportions is fitted: the middle is cut out (`crop`), the whole lies on the
            background (`pad`), or it is stretched.
        background: The colour that lies behind what is transparent and around what is padded, as CSS says it: a name
            or `#rrggbb`.  With 4 channels, transparency is kept, and what is padded is transparent.
        bits: How many bits are in use of images of 16 bits, such as 12: then 4095 becomes 255.  None for as many as the
            images at hand use.

    Raises:
        UsageError: If a value is none of these.
    """

    height: int
    width: int
    channels: int
    fit: Fit = "crop"
    background: str = "white"
    bits: int | None = None

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1 or self.height * self.width > MOST_PIXELS:
            raise UsageError(
                f"expected a size of at least one pixel and at most {MOST_PIXELS:,}; got {self.width}x{self.height}"
            )
        if self.bits is not None and self.bits not in BITS:
            raise UsageError(f"expected bits of {', '.join(map(str, BITS))}; got {self.bits}")
        if not 1 <= self.channels <= MOST_CHANNELS:
            raise UsageError(f"expected 1 to {MOST_CHANNELS} channels; got {self.channels}")
        _check(self.fit, self.background)

    @classmethod
    def of(cls, spec: ImageSpec, bits: int | None = None) -> "Preprocessing":
        """The preprocessing that fits image files to images of this kind."""
        return cls(*spec.shape, bits=bits)

    def spec(self, dtype: PixelType = "uint8") -> ImageSpec:
        """What the images are afterwards."""
        return ImageSpec(self.height, self.width, self.channels, dtype)

    def apply(self, image: "Image", smooth: bool = True) -> NDArray[np.uint8]:
        """Fit a decoded image: uint8 `(height, width, channels)`.  An image that fits already keeps its pixels.

        Without `smooth`, each pixel is one of the image's own, and none a mixture.

        Raises:
            ValueError: If several bands are expected.
        """
        if self.channels not in _MODES:
            raise ValueError(f"{self.channels} bands are expected, and it has {len(image.getbands())}")
        image = in_mode(image, _MODES[self.channels], self.background)
        if image.size != (self.width, self.height):
            image = self._resized(image, smooth)
        return np.asarray(image, np.uint8).reshape(self.height, self.width, self.channels)

    def apply_bands(self, pixels: NDArray[Any], top: int, alpha: bool = False) -> NDArray[Any]:
        """Fit an image of whole numbers, each channel as `apply` does: `(height, width, channels)`, of the same type.

        Args:
            pixels: uint8 or uint16 `(h, w, c)`.
            top: The highest value.
            alpha: Whether the last channel is how opaque a pixel is.

        Raises:
            ValueError: If its channels do not become those that are expected.
        """
        from PIL import Image

        bands = self._in_channels(pixels, top, alpha)
        if bands.shape[:2] != (self.height, self.width):
            fitted = (self._resized(Image.fromarray(band), True, top) for band in np.moveaxis(bands, -1, 0))
            bands = np.stack([np.asarray(band) for band in fitted], axis=-1)
        levels: NDArray[np.float32] = np.clip(np.rint(bands), 0, top)
        return levels.astype(pixels.dtype)

    def _in_channels(self, pixels: NDArray[Any], top: int, alpha: bool) -> NDArray[np.float32]:
        """Numbers `(h, w, c)` in the expected channels: bands as they are, colours as grey, or grey as colours."""
        bands: NDArray[np.float32] = pixels.astype(np.float32)
        if alpha and self.channels != 4:
            opaque = bands[..., 3:] / np.float32(top)
            behind = np.array(_paint("RGB", self.background), np.float32) * np.float32(top / 255)
            bands = opaque * bands[..., :3] + (1 - opaque) * behind
        match bands.shape[-1], self.channels:
            case given, expected if given == expected:
                return bands
            case 1, 3:
                return bands.repeat(3, axis=-1)
            case 3, 1:
                return bands @ np.array([[0.299], [0.587], [0.114]], np.float32)
            case 3, 4:
                return np.concatenate([bands, np.full_like(bands[..., :1], top)], axis=-1)
            case given, expected:
                raise ValueError(f"{expected} channels are expected, and it has {given}")

    def _resized(self, image: "Image", smooth: bool, highest: int = 255) -> "Image":
        from PIL import Image

        target, (width, height) = (self.width, self.height), image.size
        box = (0.0, 0.0, float(width), float(height))
        if self.fit == "crop":
            scale = max(self.width / width, self.height / height)
            left, top = (width - self.width / scale) / 2, (height - self.height / scale) / 2
            box = (max(left, 0.0), max(top, 0.0), min(width - left, width), min(height - top, height))
        elif self.fit == "pad":
            scale = min(self.width / width, self.height / height)
            target = (max(1, round(width * scale)), max(1, round(height * scale)))
        # A large image is first reduced by a whole factor, which is quicker and hardly to be told from the slow way.
        if smooth:
            resized = image.resize(target, Image.Resampling.LANCZOS, box, reducing_gap=3.0)
        else:
            resized = image.resize(target, Image.Resampling.NEAREST, box)
        if target == (self.width, self.height):
            return resized
        canvas = Image.new(image.mode, (self.width, self.height), _paint(image.mode, self.background, highest))
        canvas.paste(resized, ((self.width - target[0]) // 2, (self.height - target[1]) // 2))
        return canvas

    def __str__(self) -> str:
        """In words, width first: `64x64 RGB, cropped`."""
        words = _WORDS.get(self.channels, f"of {self.channels} bands")
        return f"{self.width}x{self.height} {words}, {_DONE[self.fit]} where the proportions differ"


@dataclass(frozen=True)
class ImageOptions:
    """What a user asks image files to become; None is chosen by what the files are.

    Attributes:
        size: Height and width in pixels.
        fit: As in `Preprocessing`.
        channels: 1, 3 or 4.
        background: As in `Preprocessing`.

    Raises:
        UsageError: If a value is none that `Preprocessing` takes.
    """

    size: tuple[int, int] | None = None
    fit: Fit | None = None
    channels: int | None = None
    background: str | None = None

    def __post_init__(self) -> None:
        if self.size is not None:
            Preprocessing(*self.size, channels=1)
        if self.channels not in (None, *CHANNELS):
            raise UsageError(f"expected 1 channel (grey), 3 (RGB) or 4 (RGB with alpha); got {self.channels}")
        _check(self.fit or "crop", self.background or "white")

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return self != ImageOptions()

    def settle(
        self, sizes: Sequence[tuple[int, int]] | NDArray[np.integer], colour: bool, bits: int | None = None
    ) -> Preprocessing:
        """Choose what is None.

        Args:
            sizes: Height and width of each image, `(n, 2)`.
            colour: Whether any image is in colour.
            bits: How many bits are in use of images of 16 bits, if there are any.
        """
        height, width = self.size or _suitable_size(np.asarray(sizes))
        channels = self.channels or (3 if colour else 1)
        return Preprocessing(height, width, channels, self.fit or "crop", self.background or "white", bits)


def parse_size(size: str | int | Sequence[int] | None) -> tuple[int, int] | None:
    """Read a size as `(height, width)`: a side, a pair of height and width, or text as `64` or `WIDTHxHEIGHT`.

    Raises:
        UsageError: If it is none.
    """
    if size is None:
        return None
    fault = UsageError(f"expected a size in pixels, such as 64 or 96x64 (width x height); got {size!r}")
    try:
        if isinstance(size, str):
            parts = [int(part) for part in size.lower().replace("×", "x").split("x")]
            parts.reverse()
        else:
            parts = [int(size)] if isinstance(size, int | np.integer) else [int(part) for part in size]
    except (TypeError, ValueError):
        raise fault from None
    if len(parts) not in (1, 2) or min(parts) < 1:
        raise fault
    return parts[0], parts[-1]


def _suitable_size(sizes: NDArray[np.integer]) -> tuple[int, int]:
    longest = sizes.max(axis=1)
    if (sizes == sizes[0]).all() and longest[0] <= KEPT_SIDE:
        return int(sizes[0, 0]), int(sizes[0, 1])
    side = SMALL if 2 * np.count_nonzero(longest <= SMALL) > len(sizes) else LARGE
    return side, side


def _check(fit: str, background: str) -> None:
    if fit not in FITS:
        raise UsageError(f"expected a fit of {', '.join(FITS)}; got {fit!r}")
    if background != "white":
        _paint("RGB", background)


def _paint(mode: str, background: str, highest: int = 255) -> float | tuple[int, ...]:
    from PIL import ImageColor

    if mode == "RGBA":
        return 0, 0, 0, 0
    try:
        if mode == "F":
            return ImageColor.getcolor(background, "L") * highest / 255  # type: ignore[operator]  # one number
        return ImageColor.getcolor(background, mode)
    except ValueError:
        raise UsageError(f"expected a background such as white, black or #336699; got {background!r}") from None


def in_mode(image: "Image", mode: str, background: str) -> "Image":
    """Convert to grey, RGB or RGBA; without alpha, what is transparent lies on the background."""
    from PIL import Image

    if image.mode == mode:
        return image
    if image.mode == "La":  # Pillow converts premultiplied grey to nothing else
        image = image.convert("LA")
    if mode != "RGBA" and image.has_transparency_data:
        image = image.convert("RGBA")
        behind = Image.new("RGBA", image.size, _paint("RGB", background))
        image = Image.alpha_composite(behind, image)
    return image.convert(mode)
