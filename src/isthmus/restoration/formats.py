"""The formats that answers are written in: what each loses, and how large it may be."""

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
    """A format of picture files that Pillow writes in any mode and most sizes.

    Attributes:
        name: As Pillow calls it.
        options: With which no more is lost than need be.
        exact: With which every pixel comes back as it was; None where no options do that.
        longest: The most pixels of a side.
        alpha: Whether parts may be transparent.
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
"""By suffix; what is of another is written as PNG."""


def save(image: "Image", path: Path, *, exact: bool = False) -> None:
    """Write a picture in the format that its name says, whole or not at all.

    Args:
        image: What is transparent lies on white in a format without alpha.
        path: The file; its suffix is one of `FORMATS`.
        exact: Whether every pixel has to come back as it is.

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
