"""Images by what they are: a hash for each, one for many, and an order that follows from them."""

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from isthmus.data.source import ImageArray, ImageSource, Indices

DIGEST_BYTES = 16
"""The hash of one image's pixels."""
_CHUNK_BYTES = 1 << 24
_ORDER_STREAM = 0x6F726465


def digests_of(source: ImageSource) -> NDArray[np.uint8]:
    """Hash the pixels of each image of a source: BLAKE2b of 16 bytes, `(n, 16)`."""
    parts = [
        hashlib.blake2b(image, digest_size=DIGEST_BYTES).digest() for chunk in _chunks(source) for image in _rows(chunk)
    ]
    return np.frombuffer(b"".join(parts), np.uint8).reshape(-1, DIGEST_BYTES)


def fingerprint_of(source: ImageSource) -> str:
    """SHA-256 in hexadecimal over the shape, type, labels and `digests` of a source."""
    height, width, channels = source.spec.shape
    digest = hashlib.sha256(f"{len(source)} {height} {width} {channels} {source.spec.dtype}\n".encode())
    digest.update(b"unlabelled" if source.labels is None else source.labels.astype("<i8").tobytes())
    digest.update(np.ascontiguousarray(source.digests).data)
    return digest.hexdigest()


def unordered_fingerprint(sources: Iterable[ImageSource | None], *, labelled: bool) -> str:
    """SHA-256 in hexadecimal over the `digests` of the images of all sources, in whatever order they are listed.

    Args:
        sources: Sources that number their classes alike; None for none.
        labelled: Whether the label of each image counts too, -1 where it has none.
    """
    given = [source for source in sources if source is not None]
    digests = np.concatenate([source.digests for source in given])
    labels = np.concatenate([np.full(len(source), -1) if source.labels is None else source.labels for source in given])
    labels = labels if labelled else np.zeros_like(labels)
    order = np.lexsort((labels, *np.ascontiguousarray(digests).view("<u8").T))
    digest = hashlib.sha256(digests[order].tobytes())
    if labelled:
        digest.update(labels[order].astype("<i8").tobytes())
    return digest.hexdigest()


def digest_of(image: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    """Hash the pixels of one image as `digests_of` does."""
    return hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=DIGEST_BYTES).digest()


def shared(source: ImageSource, other: ImageSource) -> NDArray[np.bool_]:
    """Which images of a source another has too, pixel for pixel: `(n,)`."""
    known = {digest.tobytes() for digest in other.digests}
    return np.array([digest.tobytes() in known for digest in source.digests], bool)


def content_order(source: ImageSource, seed: int) -> Indices:
    """Order the images of a source by their content and a seed: int64 `(n,)`, each index once.

    Listing order says nothing: the same images, labels and factors in another order are put in the same sequence.  The
    sequence is random, so that its parts and neighbours are independent draws, where a folder comes class by class.
    Pixels are read once for their digests, and never held together.
    """
    columns: list[NDArray[np.generic]] = list(np.ascontiguousarray(source.digests).view(">u8").T)
    # Equal images keep no trace of the listing order either.
    if source.labels is not None:
        columns.append(source.labels)
    if source.factors is not None:
        columns.extend(source.factors.T)
    by_content = np.lexsort(columns[::-1])
    return by_content[np.random.default_rng([seed, _ORDER_STREAM]).permutation(len(source))]


def _chunks(source: ImageSource) -> Iterator[ImageArray]:
    """Read a source in order, some megabytes at a time."""
    size = max(1, _CHUNK_BYTES // (source.spec.dims * np.dtype(source.spec.dtype).itemsize))
    for start in range(0, len(source), size):
        yield source.read(np.arange(start, min(start + size, len(source)), dtype=np.int64))


def _rows(images: "ImageArray") -> NDArray[np.uint8]:
    """The bytes of each image, `(n, bytes)`, the same on every machine."""
    little = images.astype(images.dtype.newbyteorder("<"), order="C", copy=False)
    return little.reshape(len(images), -1).view(np.uint8)
