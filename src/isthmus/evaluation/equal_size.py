"""A model beside PCA of as many dimensions, and beside image formats at as many bytes as its codes take."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.data import ImageSpec
from isthmus.evaluation.image_formats import FORMATS, code_within
from isthmus.evaluation.measurements import Measurements
from isthmus.evaluation.reconstruction import Closeness, closeness, closeness_rows
from isthmus.evaluation.table import Row, value_row
from isthmus.runs import Run, folder
from isthmus.wording import spell_bytes, spell_count

MOST_IMAGES, MOST_PIXELS = 100, 1 << 21
"""Images that are compared, at most, and their pixels: structural similarity takes longest."""
_LEAST_SIDE = {1: 64, 3: 32}
"""By channels: images that are smaller are no photographs, and a format's head outweighs them."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """Images that stand for the originals, and how close they come.

    Attributes:
        key: A stable name, for machines.
        name: A name, for readers.
        images: float32 from 0 to 1, `(n, h, w, c)`.
        closeness: Their closeness to the originals.
        bytes_per_image: The bytes that each takes; None where they are not stored.
    """

    key: str
    name: str
    images: NDArray[np.float32]
    closeness: Closeness
    bytes_per_image: float | None = None


@dataclass(frozen=True, eq=False)
class EqualSize:
    """Some held-out images, and what stands for them.

    Attributes:
        originals: uint8 `(n, h, w, c)`.
        names: Their names, `n`.
        what: What they are, in words.
        candidates: The model, PCA where there are training images, the model from quantised codes, and each format at
            as many bytes.
        decoder_bytes: Bytes of the decoder, which no number of bytes includes.
    """

    originals: NDArray[np.uint8]
    names: Sequence[str]
    what: str
    candidates: Sequence[Candidate]
    decoder_bytes: int

    @property
    def note(self) -> str:
        """How bytes are counted, in sentences."""
        return (
            f"JPEG and WebP store the {spell_count(len(self.originals), 'image')} as tiles of one large image. Their "
            "quality is the highest within the bytes of the model's quantised codes, or else their lowest. The codes "
            f"also need the decoder, {spell_bytes(self.decoder_bytes)}, which is not counted."
        )


def has_photographs(run: Run, spec: ImageSpec) -> bool:
    """Whether a run reconstructs 8-bit colour images of 32 pixels across or more, or grey ones of 64 or more."""
    least = _LEAST_SIDE.get(spec.channels)
    eight_bit = spec.dtype == "uint8" and run.recipe.pixels.binarise == "none"
    return not run.restores and eight_bit and least is not None and min(spec.height, spec.width) >= least


def compared_images(measured: Measurements) -> NDArray[np.uint8]:
    """The first test images in their order, which depends on their content: at most `MOST_IMAGES`, `(n, h, w, c)`."""
    spec = measured.test.spec
    count = max(1, min(MOST_IMAGES, MOST_PIXELS // (spec.height * spec.width), len(measured.test)))
    return np.asarray(measured.test.read(np.arange(count)), np.uint8)


def compare(
    measured: Measurements,
    originals: NDArray[np.uint8],
    reconstructions: NDArray[np.float32],
    from_quantised: NDArray[np.float32],
    bytes_per_image: float,
) -> EqualSize:
    """Compare images with what stands for them.

    Args:
        measured: The run and its images, of which `originals` are the first.
        originals: uint8 `(n, h, w, c)`.
        reconstructions: By the model, float32 from 0 to 1, of that shape.
        from_quantised: By the model, from quantised codes.
        bytes_per_image: The bytes of such a code.
    """
    pixels = np.asarray(originals / 255, np.float32)

    def candidate(key: str, name: str, images: NDArray[np.float32], size: float | None = None) -> Candidate:
        return Candidate(key, name, images, closeness(pixels, images), size)

    found = [candidate("model", "This model", reconstructions)]
    if measured.pca is not None:
        name = f"PCA, {spell_count(measured.pca.components, 'dimension')}"
        found.append(candidate("pca", name, measured.pca.reconstruct(pixels)))
    found.append(candidate("quantised", "This model, quantised codes", from_quantised, bytes_per_image))
    for name in FORMATS:
        coded = code_within(originals, name, bytes_per_image)
        found.append(candidate(name.lower(), name, np.asarray(coded.images / 255, np.float32), coded.bytes_per_image))
    decoder = measured.run.manifest.files[folder.DECODER].bytes
    return EqualSize(originals, measured.test.names[: len(originals)], measured.what, found, decoder)


def equal_size_rows(found: EqualSize) -> list[Row]:
    """The rows of what takes bytes: their number, and how close the images come."""
    rows = []
    what = f"on {spell_count(len(found.originals), 'image')}"
    for one in found.candidates:
        if one.bytes_per_image is not None:
            name, stored = one.name, f"{len(found.originals)} images"
            if one.key == "quantised":
                name, stored = "quantised codes", "the codes of all images"
            meaning = f"Bytes per image, with {stored} in one file."
            rows.append(value_row(f"{one.key}_bytes", f"{name}: size", one.bytes_per_image, meaning, "bytes"))
            rows += closeness_rows(f"{one.key}_", f"{name}: ", one.closeness, f"of {name} at that size, {what}")
    return rows
