"""Images in data sets of Hugging Face's `datasets`: a folder that it saved, or a name that it knows."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from isthmus.data.decode.entries import Collection, Content, Entry, read_file
from isthmus.data.decode.image_files import UnreadableError
from isthmus.data.open.folders import readable
from isthmus.data.sets import Skipped
from isthmus.errors import DataError

PREFIX = "hf:"
"""What stands before the name of a data set of the Hugging Face hub."""


def is_saved_dataset(folder: Path) -> bool:
    """Whether a folder is one that `Dataset.save_to_disk` or `DatasetDict.save_to_disk` wrote."""
    return (folder / "dataset_dict.json").is_file() or (
        (folder / "dataset_info.json").is_file() and (folder / "state.json").is_file()
    )


class HuggingFace(Collection):
    """The images of a data set, split by split; its image column and its class labels are found by their types.

    Args:
        place: A folder that `save_to_disk` wrote, or the name of a data set on the hub.

    Raises:
        DataError: If `datasets` is not installed, the set cannot be had, or it has no column of images.
    """

    is_archive = True
    kind = "Hugging Face data set"

    def __init__(self, place: Path | str) -> None:
        self.name = place.resolve().name if isinstance(place, Path) else place.rpartition("/")[2]
        self._place, self._where = place, str(place)
        self._splits = _load(place)
        features = next(iter(self._splits.values())).features
        self._image, self._label = _image_column(features, self._where), _label_column(features)
        self.class_names = tuple(features[self._label].names) if self._label else ()

    def folders(self) -> set[Path]:
        """The one that it was saved to."""
        return {self._place} if isinstance(self._place, Path) else set()

    def signature(self) -> str | None:
        """The fingerprints that `datasets` keeps."""
        prints = [str(getattr(part, "_fingerprint", "")) for part in self._splits.values()]
        return f"{self._where} {' '.join(prints)}" if all(prints) else None

    def entries(self) -> Iterator[Entry | Skipped]:
        """The rows of all splits, by their files' names where these are known."""
        import datasets

        for split, rows in self._splits.items():
            side = split if len(self._splits) > 1 else None  # a single one is no split
            plain = rows.cast_column(self._image, datasets.Image(decode=False))
            plain = plain.select_columns([self._image, *([self._label] if self._label else [])])
            for number, row in enumerate(plain):
                cell = row[self._image] or {}
                own = Path(cell.get("path") or "").name
                name = readable(f"{split}/{number:06d}{'-' + own if own else ''}")
                label = row[self._label] if self._label else None
                yield Entry(name, partial(_read_cell, cell), label, side)


def _load(place: Path | str) -> Mapping[str, Any]:
    try:
        import datasets
    except ImportError:
        raise DataError(
            f"'{place}' is a Hugging Face data set, which takes the package datasets: pip install \"isthmus[datasets]\""
        ) from None
    try:
        found = datasets.load_from_disk(str(place)) if isinstance(place, Path) else datasets.load_dataset(place)
    except Exception as error:  # the hub, the network, pyarrow and the file system each have their own errors
        raise DataError(f"the Hugging Face data set '{place}' cannot be opened: {error}") from error
    splits = dict(found) if isinstance(found, Mapping) else {"images": found}
    if not splits:
        raise DataError(f"the Hugging Face data set '{place}' is empty")
    return splits


def _image_column(features: Mapping[str, Any], where: str) -> str:
    import datasets

    column = next((name for name, feature in features.items() if isinstance(feature, datasets.Image)), None)
    if column is None:
        raise DataError(
            f"expected a column of images in '{where}'; it has {', '.join(features)}. "
            "Make it one: dataset.cast_column(NAME, datasets.Image())"
        )
    return column


def _label_column(features: Mapping[str, Any]) -> str | None:
    import datasets

    return next((name for name, feature in features.items() if isinstance(feature, datasets.ClassLabel)), None)


def _read_cell(cell: Mapping[str, Any]) -> Content:
    if cell.get("bytes"):
        return bytes(cell["bytes"])
    if cell.get("path"):
        return read_file(Path(cell["path"]))
    raise UnreadableError("its cell is empty")
