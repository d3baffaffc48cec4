"""Sheets: images laid out pixel by pixel, and written as they are.

Nothing here imports Matplotlib, so that a command that draws samples starts at once.
"""

import math
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from isthmus.errors import UsageError
from isthmus.plots.checks import Images, as_images, known_suffix
from isthmus.storage import atomic_file

Colour = tuple[int, int, int]
Scale = int | Literal["auto"]

WHITE: Colour = (255, 255, 255)
VISIBLE_PIXELS = 96  # On an ordinary screen, about an inch.

# WebP and JPEG lose by default; a sheet should lose as little as its format allows.
_SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    "png": {"format": "PNG"},
    "webp": {"format": "WEBP", "lossless": True},
    "jpg": {"format": "JPEG", "quality": 95, "subsampling": 0},
    "jpeg": {"format": "JPEG", "quality": 95, "subsampling": 0},
    "tif": {"format": "TIFF"},
    "tiff": {"format": "TIFF"},
    "bmp": {"format": "BMP"},
}


def tile(
    images: ArrayLike, columns: int | None = None, *, gap: int = 4, background: Colour = WHITE, scale: Scale = "auto"
) -> NDArray[np.uint8]:
    """Lay images out in rows, left to right and top to bottom.

    Args:
        images: uint8 `(n, h, w, c)`; grey, RGB or RGBA, which is laid over the background.
        columns: Images in a row; by default what makes the sheet nearly square.
        gap: Pixels of the sheet between images and around them all.
        background: RGB, 0 to 255, of the gaps and of the cells that are left over.
        scale: The repetitions of each pixel both ways; "auto" enlarges images that are too small to see.

    Returns:
        uint8 `(H, W, 3)`, where H is `rows * (scale * h + gap) + gap`, and W likewise.

    Raises:
        UsageError: If an argument is invalid.
    """
    images = as_images(images)
    if gap < 0:
        raise UsageError(f"expected `gap` of 0 or more pixels; got {gap}. Give 0 for images that touch.")
    images = enlarge(images, scale)
    cells = arrange(rgba(images), math.ceil(math.sqrt(len(images))) if columns is None else columns, gap)
    return composite(np.pad(cells, ((gap, gap), (gap, gap), (0, 0))), background)


def enlarge(images: ArrayLike, scale: Scale = "auto") -> Images:
    """Repeat each pixel `scale` times both ways: uint8 `(n, h, w, c)` to `(n, scale * h, scale * w, c)`.

    "auto" takes the smallest scale at which the longer side has 96 pixels or more.

    Raises:
        UsageError: If `scale` is less than 1.
    """
    images = as_images(images)
    times = math.ceil(VISIBLE_PIXELS / max(images.shape[1:3])) if scale == "auto" else scale
    if times < 1:
        raise UsageError(f"expected `scale` of 1 or more, or 'auto'; got {times}. Sheets are enlarged, never shrunk.")
    return images.repeat(times, axis=1).repeat(times, axis=2)


def thumbnails(images: NDArray[np.uint8], side: int = 96) -> NDArray[np.uint8]:
    """Shrink images `(n, h, w, c)`, uint8, to at most `side` pixels along the longer side; small ones stay."""
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


def rgba(images: Images) -> Images:
    """Give images `(n, h, w, c)` four channels, opaque where they had no alpha."""
    colours = images.repeat(3, axis=3) if images.shape[3] == 1 else images[..., :3]
    alpha = images[..., 3:] if images.shape[3] == 4 else np.full_like(images[..., :1], 255)
    return np.concatenate([colours, alpha], axis=3)


def arrange(images: Images, columns: int, gap: int) -> NDArray[np.uint8]:
    """Lay images `(n, h, w, c)` out in rows with `gap` pixels between them and none around.

    Returns:
        uint8 `(H, W, c)`; gaps and empty cells are 0, which is transparent where the last channel is alpha.

    Raises:
        UsageError: If `columns` is less than 1.
    """
    if columns < 1:
        raise UsageError(f"expected `columns` of 1 or more; got {columns}. Leave it out for a nearly square sheet.")
    count, height, width, channels = images.shape
    rows = math.ceil(count / columns)
    cells = np.zeros((rows * columns, height + gap, width + gap, channels), np.uint8)
    cells[:count, :height, :width] = images
    sheet = cells.reshape(rows, columns, height + gap, width + gap, channels).swapaxes(1, 2)
    sheet = sheet.reshape(rows * (height + gap), columns * (width + gap), channels)
    return sheet[: len(sheet) - gap, : sheet.shape[1] - gap]


def composite(image: NDArray[np.uint8], background: Colour) -> NDArray[np.uint8]:
    """Lay one RGBA image `(h, w, 4)` over a background; returns RGB `(h, w, 3)`."""
    alpha = image[..., 3:].astype(np.float64) / 255
    laid: NDArray[np.uint8] = np.rint(alpha * image[..., :3] + (1 - alpha) * np.array(background)).astype(np.uint8)
    return laid


def save(image: ArrayLike, path: Path | str) -> Path:
    """Write one image, in the format of the path's suffix: png, webp (without loss), jpg, jpeg, tif, tiff or bmp.

    The file is written whole or not at all.

    Args:
        image: uint8 `(h, w, c)`; grey, RGB or RGBA, which JPEG and BMP get laid over white.
        path: The file; missing folders are made, an existing file is replaced.

    Raises:
        UsageError: If the image or the format is none that can be written.
        StorageError: If the place cannot be written to.
    """
    pixels = as_images(np.asarray(image)[None], "image[None]")[0]
    path = Path(path)
    suffix = known_suffix(path, _SAVE_OPTIONS)
    if pixels.shape[2] == 4 and suffix in ("jpg", "jpeg", "bmp"):
        pixels = composite(pixels, WHITE)
    file = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels))
    with atomic_file(path) as temporary:
        file.save(temporary, **_SAVE_OPTIONS[suffix])
    return path


def save_each(
    images: ArrayLike, names: Sequence[str], folder: Path | str, *, suffix: str = ".png", scale: Scale = 1
) -> list[Path]:
    """Write each image to a file of its own.

    Args:
        images: uint8 `(n, h, w, c)`.
        names: One for each image; an image suffix is replaced, and `cats/1` goes to a folder within.
        folder: The folder; missing folders are made.
        suffix: The format, as in `save`.
        scale: The repetitions of each pixel both ways.

    Returns:
        The paths, in order.

    Raises:
        UsageError: If names and images are not as many, two names meet, or a name would leave the folder.
        StorageError: If the place cannot be written to.
    """
    images = enlarge(images, scale)
    if len(names) != len(images):
        raise UsageError(f"expected {len(images)} names, one for each image; got {len(names)}. Name each image once.")
    return [save(image, path) for image, path in zip(images, file_paths(names, folder, suffix), strict=True)]


def file_paths(names: Sequence[str], folder: Path | str, suffix: str) -> list[Path]:
    """The file in a folder for each name; an image suffix is replaced, and `cats/1` goes to a folder within.

    Raises:
        UsageError: If two names meet, or a name would leave the folder.
    """
    paths = [Path(folder, _file_name(name, suffix)) for name in names]
    seen: dict[Path, str] = {}
    for name, path in zip(names, paths, strict=True):
        if path in seen:
            raise UsageError(
                f"expected names that differ; {seen[path]!r} and {name!r} both give '{path.name}'. Rename one."
            )
        seen[path] = name
    return paths


def _file_name(name: str, suffix: str) -> PurePosixPath:
    # Names may come from an untrusted archive.
    path = PurePosixPath(name.replace("\\", "/"))
    if not path.name or path.is_absolute() or ".." in path.parts or ":" in name or "\0" in name:
        raise UsageError(f"expected a name that stays within the folder; got {name!r}. Give a plain file name.")
    if path.suffix.lower().removeprefix(".") in {*_SAVE_OPTIONS, "gif"}:
        path = path.with_suffix("")
    return path.with_name(path.name + suffix)
