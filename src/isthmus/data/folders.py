"""Images from image files: one, or a folder of them."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isthmus.data.arrays import as_source
from isthmus.data.images import ArraySource, ImageSet, PixelType
from isthmus.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = frozenset(
    {".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"}
)
"""The endings of image files; a folder's other files are left alone."""

_SIXTEEN_BITS = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})


def open_image(path: Path, dtype: PixelType = "uint8") -> ImageSet:
    """Open one image file as a set of one image.

    Raises:
        DataError: If the file cannot be read as an image.
    """
    return ImageSet(path.stem, as_source(read_images([path]), names=[path.stem], dtype=dtype))


def open_folder(folder: Path, dtype: PixelType = "uint8") -> ImageSet:
    """Open a folder of image files of equal size, read whole and recursively, in the order of their paths.

    Where every image lies in a subfolder, the first level of subfolders are the classes.  Where those are `train/` (and
    `test/`), they are splits, and the classes lie below.  Hidden files, and files that are not named as images, are
    left alone.  Images are grey if every file is, and else RGB; transparent ones lie on white; EXIF orientation is
    applied; 16 bits become 8.

    Raises:
        DataError: If there are no images, one cannot be read, they are of two sizes, or `train/` and `test/` are not
            alone.
    """
    files = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if _is_image(path, folder)]
    if not files:
        raise DataError(f"expected images in the folder '{folder}' ({', '.join(sorted(SUFFIXES))}); there are none")
    tops = {path.parts[0] if len(path.parts) > 1 else "." for path in files}
    if {"train", "test"} < tops:
        strays = sorted(tops - {"train", "test"})
        raise DataError(
            f"'{folder}' holds train/ and test/, and images elsewhere too: {', '.join(strays)}. "
            "Move those into one of the two, or out of the folder"
        )
    pixels = read_images([folder / path for path in files], folder)
    if "train" not in tops or not tops <= {"train", "test"}:
        return ImageSet(folder.resolve().name, *_sources(pixels, [files], dtype))
    # Sorted paths put test/ before train/.
    first = sum(path.parts[0] == "test" for path in files)
    inner = [path.relative_to(path.parts[0]) for path in files]
    if first == 0:
        return ImageSet(folder.resolve().name, *_sources(pixels, [inner], dtype))
    test, train = _sources(pixels, [inner[:first], inner[first:]], dtype)
    return ImageSet(folder.resolve().name, train, test)


def read_images(paths: Sequence[Path], folder: Path | None = None) -> NDArray[np.uint8]:
    """Read image files of equal size.

    Args:
        paths: The files, at least one.
        folder: What messages give the paths relative to.

    Returns:
        uint8 `(n, height, width, channels)`, one channel if every image is grey, else three.

    Raises:
        DataError: If a file cannot be read as an image, or two differ in size.
    """
    first = _read_image(paths[0])
    images = np.empty((len(paths), *first.shape), np.uint8)
    for index, path in enumerate(paths):
        image = first if index == 0 else _read_image(path)
        if image.shape[:2] != first.shape[:2]:
            one, other = (str(file.relative_to(folder) if folder else file) for file in (paths[0], path))
            raise DataError(
                f"expected images of one size; '{one}' is {first.shape[1]}x{first.shape[0]} and '{other}' is "
                f"{image.shape[1]}x{image.shape[0]} (width x height). Bring them to one size first"
            )
        if image.shape[2] > images.shape[3]:  # the first in colour: what was grey so far becomes RGB too
            images = np.repeat(images, 3, axis=3)
        images[index] = image
    return images


def _read_image(path: Path) -> NDArray[np.uint8]:
    """Decode one file: uint8 `(height, width, 1 or 3)`."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as opened:
            image = ImageOps.exif_transpose(opened)
            if image.mode in _SIXTEEN_BITS:
                return _from_sixteen_bits(path, image)
            if image.mode == "F":
                raise DataError(f"'{path}' has floats for pixels, whose range is not known. Save it with 8 or 16 bits")
            grey = image.mode in ("1", "L", "LA", "La")
            if image.has_transparency_data:
                image = image.convert("RGBA")
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
            pixels = np.asarray(image.convert("L" if grey else "RGB"), np.uint8)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise DataError(f"'{path}' cannot be read as an image: {error}. Repair it or take it out") from error
    return pixels.reshape(*pixels.shape[:2], -1)


def _from_sixteen_bits(path: Path, image: "Image") -> NDArray[np.uint8]:
    pixels = np.asarray(image).astype(np.int64)
    if pixels.min() < 0 or pixels.max() > 65535:
        raise DataError(f"'{path}' has 32 bits a pixel, and more than 16 in use. Save it with 8 or 16 bits")
    return np.rint(pixels / 257).astype(np.uint8)[..., np.newaxis]


def _is_image(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return not hidden and path.suffix.lower() in SUFFIXES and path.is_file()


def _sources(pixels: NDArray[np.uint8], splits: list[list[Path]], dtype: PixelType) -> list[ArraySource]:
    """Cut the pixels into splits, with names, and with labels that mean the same in each."""
    labelled = all(len(path.parts) > 1 for paths in splits for path in paths)
    classes = sorted({path.parts[0] for paths in splits for path in paths}) if labelled else []
    sources, start = [], 0
    for paths in splits:
        converted = as_source(pixels[start : start + len(paths)], dtype=dtype)
        labels = np.array([classes.index(path.parts[0]) for path in paths], np.int64) if labelled else None
        sources.append(ArraySource(converted.images, labels, tuple(classes), _names(paths)))
        start += len(paths)
    return sources


def _names(paths: list[Path]) -> tuple[str, ...]:
    """Relative paths without their suffix, which stays where it alone tells two files apart."""
    stems = [PurePosixPath(*path.with_suffix("").parts) for path in paths]
    counts: dict[PurePosixPath, int] = {}
    for stem in stems:
        counts[stem] = counts.get(stem, 0) + 1
    return tuple(str(stem) if counts[stem] == 1 else path.as_posix() for stem, path in zip(stems, paths, strict=True))
