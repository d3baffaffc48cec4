"""The formats of results: what each loses, and how large an image it holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.data.preprocessing import in_mode
from isthmus.errors import StorageError
from isthmus.storage import atomic_file

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Format:
    """A format of image files that Pillow writes in any mode and most sizes.

    Attributes:
        name: As Pillow calls it.
        options: Options that lose as little as possible.
        exact: Options that keep every pixel; None where there are none.
        longest: The longest side, in pixels.
        alpha: Whether it stores transparency.
    """

    name: str
    options: Mapping[str, object] = field(default_factory=dict)
    exact: Mapping[str, object] | None = field(default_factory=dict)
    longest: int = 2**31 - 1
    alpha: bool = True


_JPEG = Format("JPEG", {"quality": 95}, None, 65_500, alpha=False)
_WEBP = Format("WEBP", {"quality": 95}, {"lossless": True, "exact": True}, 16_383)
_TIFF = Format("TIFF")
FORMATS: dict[str, Format] = {
    ".png": Format("PNG"),
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".webp": _WEBP,
    ".bmp": Format("BMP", alpha=False),
    ".tif": _TIFF,
    ".tiff": _TIFF,
}
"""By suffix; other formats are written as PNG."""


def save(image: "Image", path: Path, *, exact: bool = False) -> None:
    """Write an image in the format that its name says, whole or not at all.

    Args:
        image: Transparent parts lie on white in a format without alpha.
        path: The file; its suffix is one of `FORMATS`.
        exact: Whether every pixel must be kept.

    Raises:
        StorageError: If it cannot be written.
    """
    kind = FORMATS[path.suffix.lower()]
    if not kind.alpha and image.has_transparency_data:
        image = in_mode(image, "RGB", "white")
    options = (kind.exact or {}) if exact else kind.options
    with atomic_file(path) as temporary:
        try:
            image.save(temporary, kind.name, **options)
        except (ValueError, MemoryError) as error:  # encoders' own; an OSError is told by `atomic_file`
            raise StorageError(f"cannot write {path} as {kind.name}: {error or type(error).__name__}.") from error
