"""Images one by one, before they are pixels: files of a folder, members of an archive, rows of a table."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from numpy.typing import NDArray

from isthmus.data.decode.formats import START_BYTES, is_image_file
from isthmus.data.decode.image_files import FILE_LIMIT, UnreadableError
from isthmus.data.decode.tiff_pages import Bands
from isthmus.data.sets import Skipped as Skipped

if TYPE_CHECKING:
    from PIL.Image import Image

Content: TypeAlias = "bytes | NDArray[Any] | Bands | Image"
"""An image file, an array `(height, width[, channels])`, a page of a file as numbers, or an image that is open."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One image that can be loaded.

    Attributes:
        name: Its path, with `/` between the parts, and its suffix.
        load: Gives its content; raises `UnreadableError` where it has none.
        label: Its class, where the collection says so itself.
        split: `train`, `test` or `val`, where the collection says so itself.
    """

    name: str
    load: Callable[[], Content]
    label: str | int | None = None
    split: str | None = None


class Collection(ABC):
    """Many images, in an order that stays.

    Attributes:
        name: What the set is called.
        kind: What it is, in a word or two, such as `zip archive`.
        class_names: The names of the classes, where the collection knows more than its entries say.
        is_archive: Whether reading it again means to unpack it again.
        other_files: Files that are not named as images; known once the entries have been gone through.
        repeated: Links to folders that are read already, and left alone; known once the entries have been gone through.
    """

    name: str
    kind: str
    class_names: tuple[str, ...] = ()
    is_archive: bool = False
    other_files: int = 0
    repeated: tuple[str, ...] = ()

    def folders(self) -> set[Path]:
        """The folders of its files, below which nothing else is to be written; none of what is one file, or none."""
        return set()

    def signature(self) -> str | None:
        """A text that changes when the content may have; None where only reading everything would tell."""
        return None

    @abstractmethod
    def entries(self) -> Iterator[Entry | Skipped]:
        """The images, in order; each has to be loaded before the next is asked for."""


def read_file(path: Path) -> bytes:
    """Read an image file whole.

    Raises:
        UnreadableError: If it is larger than any image should be, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(FILE_LIMIT + 1)
    except PermissionError:
        raise UnreadableError("it may not be read: no permission") from None
    except OSError as error:
        raise UnreadableError(f"it cannot be read: {error.strerror or error}") from None
    if len(content) > FILE_LIMIT:
        raise UnreadableError(f"it is larger than {FILE_LIMIT >> 20} MiB")
    return content


def holds_image(path: Path) -> bool:
    """Whether a regular file is meant as an image; one that cannot be read and has no ending is not."""

    def start() -> bytes:
        try:
            with path.open("rb") as file:
                return file.read(START_BYTES)
        except OSError:
            return b""

    return is_image_file(path.name, start)


def file_signature(*paths: Path) -> str:
    """SHA-256 over the places, sizes and times of files, in hexadecimal.

    Raises:
        OSError: If one cannot be looked at.
    """
    digest = hashlib.sha256()
    for path in paths:
        status = path.stat()
        digest.update(f"{path.absolute()}\0{status.st_size}\0{status.st_mtime_ns}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
