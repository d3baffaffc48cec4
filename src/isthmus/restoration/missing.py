"""The missing pixels of an image: those that are transparent, or white in a mask."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isthmus.data.decode.entries import Content, Entry
from isthmus.data.decode.image_files import UnreadableError
from isthmus.data.decode.pages import as_path, file_of, images_in, without_suffix
from isthmus.data.decode.reader import as_image
from isthmus.data.open.folders import Folder
from isthmus.data.preprocessing import in_mode
from isthmus.data.sets import Skipped
from isthmus.errors import DataError, UsageError

if TYPE_CHECKING:
    from PIL.Image import Image


class Masks:
    """A folder of masks, each white where its image lacks a pixel, with the image's name but for the suffix.

    The pages of a file of several are masked by those of a mask file of as many, or all by one mask.

    Args:
        folder: The folder.

    Raises:
        UsageError: If there is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise UsageError(f"expected a folder of masks; there is none at '{folder}'")
        self.folder = folder
        self._entries: dict[str, list[Entry]] = {}
        for entry in Folder(folder).entries():
            if isinstance(entry, Entry):
                self._entries.setdefault(without_suffix(entry.name), []).append(entry)

    def content(self, name: str) -> Content:
        """The file of an image's mask.

        Raises:
            DataError: If there is none, or several, or it cannot be read.
        """
        entry = self._entry(name)
        for image in images_in(entry):
            if isinstance(image, Skipped):
                raise self._unreadable(entry, image.reason)
            if image.name == entry.name or as_path(image.name).stem == as_path(name).stem:
                return image.load()
        raise DataError(f"expected a page for '{name}' in the mask {self.folder / entry.name}; there is none")

    def read(self, name: str, size: tuple[int, int]) -> NDArray[np.bool_]:
        """Which pixels of an image are missing, `(h, w)`.

        Args:
            name: The image's name.
            size: Its height and width in pixels.

        Raises:
            DataError: If there is no mask, or several, or it cannot be read or is of another size.
        """
        entry, content = self._entry(name), self.content(name)
        try:
            mask = as_image(content)
        except UnreadableError as fault:
            raise self._unreadable(entry, str(fault)) from None
        if (mask.height, mask.width) != size:
            raise DataError(
                f"expected a mask of {size[1]}x{size[0]} for '{name}'; {entry.name} is {mask.width}x{mask.height}"
            )
        return np.asarray(in_mode(mask, "L", "black")) >= 128

    def _entry(self, name: str) -> Entry:
        found = self._entries.get(without_suffix(file_of(name)), [])
        if not found:
            file = f"{without_suffix(name)}.png"
            raise DataError(f"expected a mask for '{name}' in {self.folder}, such as '{file}'; there is none")
        if len(found) > 1:
            which = " and ".join(repr(entry.name) for entry in found)
            raise DataError(f"expected one mask for '{name}' in {self.folder}; there are {which}. Take out all but one")
        return found[0]

    def _unreadable(self, entry: Entry, reason: str) -> DataError:
        return DataError(f"the mask {self.folder / entry.name} cannot be read: {reason}")


def transparent(image: "Image", name: str) -> NDArray[np.bool_]:
    """Which pixels are more transparent than not, `(h, w)`.

    Raises:
        DataError: If the image has no transparency.
    """
    if not image.has_transparency_data:
        raise holes_unknown([name])
    return np.asarray(in_mode(image, "RGBA", "white").getchannel("A")) < 128


def holes_unknown(names: list[str]) -> DataError:
    """The error for images without transparency or masks."""
    others = f" There are {len(names)} such images." if len(names) > 1 else ""
    return DataError(f"expected '{names[0]}' to be transparent where pixels are missing. Else give --masks.{others}")
