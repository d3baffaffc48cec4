"""Files of several images: the pages of a TIFF stack, the frames of an animation."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

from isthmus.data.decode.entries import Collection, Content, Entry
from isthmus.data.decode.formats import unsupported
from isthmus.data.decode.image_files import UnreadableError, pages_of
from isthmus.data.decode.tiff_pages import band_pages
from isthmus.data.sets import Skipped

_PAGE = re.compile(r"(?P<stem>[^/]+)(?P<suffix>\.[^./\[\]]+)(?P<page>\[\d+\])")


def each_image(collection: Collection) -> Iterator[Entry | Skipped]:
    """The images of a collection, in order; a file of several pages gives an entry for each.

    Page 3 of `stack.tif` is named `stack.tif[3]`, counted from 0, with as many digits as the last page has.  Each entry
    has to be loaded before the next is asked for.
    """
    for entry in collection.entries():
        if isinstance(entry, Skipped):
            yield entry
        else:
            yield from images_in(entry)


def images_in(entry: Entry) -> Iterator[Entry | Skipped]:
    """The one image of a file, or its pages; see `each_image`."""
    if reason := unsupported(entry.name):
        yield Skipped(entry.name, reason)
        return
    try:
        content = entry.load()
        pages = (band_pages(content) or pages_of(content)) if isinstance(content, bytes) else None
    except UnreadableError as fault:
        yield Skipped(entry.name, str(fault))
        return
    if pages is None:
        yield replace(entry, load=partial(_same, content))
        return
    count, images = pages
    digits = len(str(count - 1))
    for number, image in enumerate(images):
        name = f"{entry.name}[{number:0{digits}d}]" if count > 1 else entry.name
        if isinstance(image, UnreadableError):
            yield Skipped(name, str(image))
        else:
            yield replace(entry, name=name, load=partial(_same, image))


def as_path(name: str) -> PurePosixPath:
    """The path of an image as if each page were a file of its own: `stack[3].tif` for `stack.tif[3]`."""
    path = PurePosixPath(name)
    match = _PAGE.fullmatch(path.name)
    return path.with_name(match["stem"] + match["page"] + match["suffix"]) if match else path


def without_suffix(name: str) -> str:
    """The name by which an image and its mask or target find each other: `a/b` for `a/b.png`."""
    return str(as_path(name).with_suffix(""))


def file_of(name: str) -> str:
    """The name of the file that an image is in: `stack.tif` for `stack.tif[3]`."""
    match = _PAGE.fullmatch(PurePosixPath(name).name)
    return name.removesuffix(match["page"]) if match else name


def _same(content: Content) -> Content:
    return content
