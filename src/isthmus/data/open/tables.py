"""Images listed in a CSV or Parquet file: a path for each (or the image itself), and its label."""

import csv
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Any

from isthmus.data.decode.entries import Collection, Content, Entry, file_signature, read_file
from isthmus.data.decode.formats import SUFFIXES
from isthmus.data.decode.image_files import UnreadableError
from isthmus.data.open.folders import readable
from isthmus.data.sets import Skipped
from isthmus.errors import DataError

TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".parquet"})
_PATH_COLUMNS = ("path", "file", "filename", "file_name", "filepath", "file_path", "image", "image_path", "img", "name")
_LABEL_COLUMNS = ("label", "class", "category", "target", "y", "labels")
_SPLIT_COLUMNS = ("split", "subset", "partition", "set")
_ROWS_AT_ONCE = 1024


class ImageTable(Collection):
    """The images that a table lists, in its order.

    A column `path` (or `file`, `filename`, `image`) holds paths from the table's folder; `label` (or `class`,
    `category`) their classes; `split`, where there is one, which are `train`, `val` or `test`.  A Parquet file may hold
    the images themselves, as bytes.

    Args:
        path: The table.

    Raises:
        DataError: From `entries`, if it is damaged, or has no such column.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, path.stem
        self._parquet = path.suffix.lower() == ".parquet"
        self.kind = "Parquet table" if self._parquet else "CSV table"

    def folders(self) -> set[Path]:
        """Those that the images lie in, unless the table holds these itself."""
        images = takewhile(lambda image: not isinstance(image, bytes), (image for image, _, _ in self._rows()))
        return {self._place(image).parent for image in images if isinstance(image, str) and "\0" not in image}

    def signature(self) -> str | None:
        """SHA-256 over the table's and its files' paths, sizes and times; None where a file is missing."""
        files = [self.path]
        try:
            for image, _, _ in self._rows():
                if isinstance(image, str):
                    files.append(self._place(image))
            return file_signature(*files)
        except (OSError, ValueError):
            return None

    def entries(self) -> Iterator[Entry | Skipped]:
        """The rows' images, by their paths as the table has them."""
        for number, (image, label, split) in enumerate(self._rows()):
            load: Callable[[], Content]
            if isinstance(image, str):
                name = readable(image.replace("\\", "/"))
                load = partial(self._read, image)
            elif isinstance(image, bytes):
                name, load = f"{number:06d}", partial(bytes, image)
            else:
                yield Skipped(f"row {number + 1}", "it names no image")
                continue
            yield Entry(name, load, label, split)

    def _rows(self) -> Iterator[tuple[str | bytes | None, str | int | None, str | None]]:
        return self._parquet_rows() if self._parquet else self._csv_rows()

    def _csv_rows(self) -> Iterator[tuple[str | None, str | None, str | None]]:
        csv.field_size_limit(min(sys.maxsize, 1 << 20))
        try:
            with self.path.open(newline="", encoding="utf-8-sig") as file:
                start = file.read(1 << 14)
                file.seek(0)
                reader = csv.reader(file, delimiter=_delimiter(start, self.path))
                rows = (row for row in reader if any(cell.strip() for cell in row))
                first = next(rows, None)
                if first is None:
                    raise DataError(f"'{self.path}' is empty")
                image, label, split = self._columns(first)
                # A table without a head: the first row is an image already.
                if _names_image(first[image]):
                    yield _cell(first, image), _cell(first, label), _cell(first, split)
                for row in rows:
                    yield _cell(row, image), _cell(row, label), _cell(row, split)
        except (UnicodeDecodeError, csv.Error, OSError) as error:
            raise DataError(f"'{self.path}' cannot be read as a CSV table in UTF-8: {error}") from error

    def _parquet_rows(self) -> Iterator[tuple[str | bytes | None, str | int | None, str | None]]:
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            raise DataError(
                f"reading '{self.path}' takes the package pyarrow: pip install \"isthmus[datasets]\""
            ) from None
        try:
            with pyarrow.parquet.ParquetFile(self.path) as file:
                names = file.schema_arrow.names
                image, label, split = self._columns(names)
                wanted = [names[index] for index in (image, label, split) if index is not None]
                for batch in file.iter_batches(_ROWS_AT_ONCE, columns=wanted):
                    columns = {name: batch.column(name).to_pylist() for name in wanted}
                    for row in range(batch.num_rows):
                        given = [None if i is None else columns[names[i]][row] for i in (image, label, split)]
                        yield _image(given[0]), _label(given[1]), None if given[2] is None else str(given[2])
        except (pyarrow.ArrowException, OSError) as error:
            raise DataError(f"'{self.path}' is no whole Parquet table: {error}") from error

    def _place(self, image: str) -> Path:
        """Where a listed image is; tables from Windows have backslashes between the parts."""
        path = self.path.parent / image
        return path if "\\" not in image or path.exists() else self.path.parent / image.replace("\\", "/")

    def _read(self, image: str) -> bytes:
        try:
            path = self._place(image)
            if not path.is_file():
                raise UnreadableError("there is no such file")
        except ValueError:  # a zero byte in the name
            raise UnreadableError("there is no such file") from None
        return read_file(path)

    def _columns(self, names: Sequence[str]) -> tuple[int, int | None, int | None]:
        lower = [name.strip().lower() for name in names]

        def find(known: Sequence[str]) -> int | None:
            return next((lower.index(name) for name in known if name in lower), None)

        image = find(_PATH_COLUMNS)
        if image is not None:
            return image, find(_LABEL_COLUMNS), find(_SPLIT_COLUMNS)
        if not self._parquet and _names_image(names[0]):
            return 0, 1 if len(names) > 1 else None, None
        raise DataError(
            f"expected a column of paths in '{self.path}', named {', '.join(_PATH_COLUMNS[:7])}; "
            f"it has {', '.join(repr(name) for name in list(names)[:20])}"
        )


def _delimiter(start: str, path: Path) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    line = start.lstrip().partition("\n")[0]
    return max(",;\t", key=line.count)


def _names_image(cell: str) -> bool:
    return Path(cell.strip()).suffix.lower() in SUFFIXES


def _cell(row: list[str], index: int | None) -> str | None:
    if index is None or index >= len(row) or not row[index].strip():
        return None
    return row[index].strip()


def _image(value: Any) -> str | bytes | None:
    """What a Parquet cell says of an image: a path, its bytes, or both as Hugging Face writes them."""
    if isinstance(value, dict):
        value = value.get("bytes") or value.get("path")
    return value if isinstance(value, str | bytes) and value else None


def _label(value: Any) -> str | int | None:
    if value is None or isinstance(value, str | int):
        return value
    return int(value) if isinstance(value, float) and value.is_integer() else str(value)
