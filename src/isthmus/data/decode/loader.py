"""From a collection to a set: looked through, fitted, and held in memory or packed into the cache.

What is decoded takes a number of bytes that is known before.  Up to a limit (`memory_limit`) it is an array; more is
packed once and read from there.  Archives, and files that take long to read, are packed too: the next time they open at
once.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.arrays import as_source
from isthmus.data.decode.cache import cache_folder, find_pack, make_room, pack_folder, packing, remember_pack
from isthmus.data.decode.conversion import (
    Conversion,
    bits_of,
    decoded_bytes,
    notices_of_depth,
    refitted,
    settle,
    shape_of,
    summary,
)
from isthmus.data.decode.entries import Collection, Content
from isthmus.data.decode.layout import Layout, make_source
from isthmus.data.decode.pack import VERSION, Pack, PackedSource, read_pack, write_pack
from isthmus.data.decode.reader import Pixels, decoded_images, decoder
from isthmus.data.decode.survey import Survey, check_readable, survey
from isthmus.data.limits import memory_limit
from isthmus.data.preprocessing import ImageOptions, Preprocessing
from isthmus.data.sets import ImageSet, Origin, Skipped
from isthmus.data.source import ImageArray, PixelType
from isthmus.errors import DataError, StorageError
from isthmus.progress import progress_bar, tell
from isthmus.wording import spell_bytes

PACKED_ARCHIVE_BYTES = 32 << 20
"""Decoded bytes from which on an archive is packed."""
PACKED_SOURCE_BYTES = 256 << 20
"""Bytes of files from which on they are packed, as reading them again would take long."""
_SHOWN_FROM = 5_000
"""Images from which on progress is shown."""


def open_collection(collection: Collection, dtype: PixelType = "uint8", preprocessing: Conversion = None) -> ImageSet:
    """Open many images that are files, or like files.

    Raises:
        DataError: If there are none, more than a few cannot be read, or arrays among them differ in shape.
        StorageError: If they have to be packed, and the cache has no room.
    """
    signature = _signature(collection, preprocessing, dtype)
    pack = None if signature is None else find_pack(signature)
    if pack is not None:
        return _from_pack(collection.name, pack, dtype)
    found = survey(collection)
    check_readable(len(found), found.skipped, collection.name)
    fitted, bits = settle(found, preprocessing, collection.name), bits_of(found, preprocessing)
    deep = dtype == "float32" and (bits or 8) > 8
    found, layout = found.arranged(collection)
    layout = replace(
        layout, notices=(*layout.notices, *notices_of_depth(found, bits, collection.name, 1 if deep else 255))
    )
    if not is_packed(collection, found, fitted, dtype):
        return _in_memory(collection, found, layout, fitted, bits, dtype)
    key = _key(found, layout, fitted, bits, deep)
    pack = read_pack(pack_folder(key))
    if pack is None:
        with packing(key, lambda: tell(f"another isthmus is packing {collection.name}; waiting for it")):
            pack = read_pack(pack_folder(key)) or _packed(collection, found, layout, fitted, bits, deep, key)
    if signature is not None:
        remember_pack(signature, key)
    return _from_pack(collection.name, pack, dtype)


def find_packed(collection: Collection, preprocessing: Conversion = None) -> Pack | None:
    """The pack that a collection would be read from without a look at its images, if there is one."""
    signature = _signature(collection, preprocessing, "uint8")
    return None if signature is None else find_pack(signature)


def is_packed(collection: Collection, found: Survey, fitted: Preprocessing | None, dtype: PixelType = "uint8") -> bool:
    """Whether images go into the cache."""
    size = decoded_bytes(found, fitted)
    return (
        size * (4 if dtype == "float32" else 1) > memory_limit()
        or (collection.is_archive and size > PACKED_ARCHIVE_BYTES)
        or (found.source_bytes > PACKED_SOURCE_BYTES and not found.arrays)
    )


def sound(collection: Collection, found: Survey, fitted: Preprocessing | None) -> Survey:
    """Those images of a survey that are whole, which only decoding tells; the others join what is skipped.

    Raises:
        DataError: If the collection changed since.
    """
    kept, skipped = np.zeros(len(found), bool), list(found.skipped)
    for _ in _decoded(collection, found, decoder(fitted, found.bits), kept, skipped, f"decoding {collection.name}"):
        pass
    return found.keep(kept, list(_in_order(skipped)))


def _in_memory(
    collection: Collection,
    found: Survey,
    layout: Layout,
    fitted: Preprocessing | None,
    bits: int | None,
    dtype: PixelType,
) -> ImageSet:
    deep = dtype == "float32" and (bits or 8) > 8
    pixels = np.empty((len(found), *shape_of(found, fitted)), np.uint16 if deep else np.uint8)
    kept = np.zeros(len(found), bool)
    skipped = list(found.skipped)
    convert, title = decoder(fitted, bits, deep), f"reading {collection.name}"
    for index, image in _decoded(collection, found, convert, kept, skipped, title):
        pixels[index] = image
    check_readable(int(kept.sum()), skipped, collection.name)
    if not kept.all():
        pixels, layout = pixels[kept], layout.keep(kept)
    images: ImageArray = as_source(pixels, dtype=dtype, bits=bits).images
    train, test = make_source(images, layout)
    origin = Origin(fitted, _in_order([*skipped, *layout.left_out]), summary(found), refitted(found, fitted))
    return ImageSet(collection.name, train, test, origin, layout.notices, bits)


def _decoded(
    collection: Collection,
    found: Survey,
    convert: Callable[[Content], Pixels],
    kept: NDArray[np.bool_],
    skipped: list[Skipped],
    title: str = "",
) -> Iterator[tuple[int, Pixels]]:
    """The images that are whole, each with its number, which `kept` notes; `skipped` notes the others.

    Progress is shown under the title, where there is one and the images are many.
    """
    shown = title and len(found) >= _SHOWN_FROM
    with progress_bar(title, len(found)) if shown else nullcontext() as bar:
        for index, image in enumerate(decoded_images(collection, found, convert)):
            if isinstance(image, Skipped):
                skipped.append(image)
            else:
                kept[index] = True
                yield index, image
            if bar is not None:
                bar.update(index + 1)


def _packed(
    collection: Collection,
    found: Survey,
    layout: Layout,
    fitted: Preprocessing | None,
    bits: int | None,
    deep: bool,
    key: str,
) -> Pack:
    shape = shape_of(found, fitted)
    size = len(found) * int(np.prod(shape)) * (2 if deep else 1)
    make_room(size, key)
    tell(
        f"packing {len(found):,} images into {cache_folder()}, {spell_bytes(size)}; `isthmus cache` lists what is there"
    )
    skipped, kept = list(found.skipped), np.zeros(len(found), bool)
    about: dict[str, Any] = {
        "name": collection.name,
        "kind": collection.kind,
        "preprocessing": None if fitted is None else asdict(fitted),
        "bits": bits,
        "found": summary(found),
        "refitted": refitted(found, fitted),
        "notices": layout.notices,
    }

    def images() -> Iterator[Pixels]:
        for _, image in _decoded(collection, found, decoder(fitted, bits, deep), kept, skipped):
            yield image
        check_readable(int(kept.sum()), skipped, collection.name)
        final = layout if kept.all() else layout.keep(kept)
        about.update(
            names=list(final.names),
            paths=list(final.paths),
            labels=None if final.labels is None else final.labels.tolist(),
            class_names=list(final.class_names),
            is_test=None if final.is_test is None else np.flatnonzero(final.is_test).tolist(),
            skipped=[[item.name, item.reason] for item in _in_order([*skipped, *layout.left_out])],
        )

    place = pack_folder(key)
    try:
        with progress_bar(f"packing {collection.name}", len(found)) as bar:
            for done in write_pack(place, images(), shape, about, deep):
                bar.update(done)
    except StorageError:
        # Where the file system knows no locks, another process may have packed the same meanwhile: that does as well.
        if read_pack(place) is None:
            raise
    pack = read_pack(place)
    if pack is None:
        raise DataError(f"the pack at {place} cannot be read though it was just written. Is the disk sound?")
    return pack


def _from_pack(name: str, pack: Pack, dtype: PixelType) -> ImageSet:
    source: PackedSource = PackedSource(pack, dtype)
    is_test = None
    if pack.about["is_test"] is not None:
        is_test = np.zeros(len(source), bool)
        is_test[pack.about["is_test"]] = True
    names, paths = tuple(source.names), tuple(source.paths)
    layout = Layout(is_test, source.labels, source.class_names, names, paths, np.zeros(len(source), bool))
    origin = Origin(pack.preprocessing, pack.skipped, pack.about["found"], pack.about["refitted"])
    notices = tuple(pack.about["notices"])
    size = len(source) * source.spec.dims * (4 if dtype == "float32" else 1)
    if size > memory_limit():
        return ImageSet(name, *layout.split(source), origin, notices, pack.about["bits"])
    held = as_source(source.read(np.arange(len(source))), dtype=dtype)
    return ImageSet(name, *make_source(held.images, layout), origin, notices, pack.about["bits"])


def _in_order(skipped: list[Skipped]) -> tuple[Skipped, ...]:
    """By name: what is damaged is found later than what is no image at all."""
    return tuple(sorted(skipped, key=lambda item: item.name))


def _signature(collection: Collection, preprocessing: Conversion, dtype: PixelType) -> str | None:
    signature = collection.signature()
    deep = " deep" if dtype == "float32" else ""
    return None if signature is None else f"{VERSION} {signature} {preprocessing or ImageOptions()!r}{deep}"


def _key(found: Survey, layout: Layout, fitted: Preprocessing | None, bits: int | None, deep: bool) -> str:
    """SHA-256 over everything that a pack follows from, in hexadecimal."""
    what = f"{VERSION} {fitted!r} {bits}{' deep' if deep else ''} {layout.class_names!r}\n"
    digest = hashlib.sha256(what.encode("utf-8", "replace"))
    digest.update("\0".join((*layout.names, *layout.paths)).encode("utf-8", "replace"))
    digest.update(bytes(found.digests))
    for part in (layout.labels, layout.is_test):
        digest.update(b"none" if part is None else part.tobytes())
    return digest.hexdigest()
