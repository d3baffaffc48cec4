"""Images in zip and tar archives, which are read in place: nothing is ever unpacked to a file.

An archive is untrusted.  Names that lead out of it, links, devices and what is encrypted are skipped, and
one that unpacks to far more than it is, is refused.  A name that is there twice stands for two images.
"""

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path, PurePosixPath

from isthmus.data.decode.entries import Collection, Entry, file_signature
from isthmus.data.decode.formats import START_BYTES, is_image_file
from isthmus.data.decode.image_files import FILE_LIMIT, UnreadableError
from isthmus.data.open.folders import readable
from isthmus.data.sets import Skipped
from isthmus.errors import DataError
from isthmus.progress import tell

ZIP_SUFFIXES = (".zip",)
TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tbz")
_MOST_GROWTH = 200
"""How much larger than an archive what it holds may be; images hardly shrink, so few archives come near 10."""
_FREE_GROWTH = 1 << 30
_MOST_ENTRIES = 20_000_000

_DAMAGE: tuple[type[Exception], ...] = (
    *(OSError, EOFError, ValueError, LookupError, RuntimeError, OverflowError, MemoryError),
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)


def is_archive(path: Path) -> bool:
    """Whether a file is named as an archive that is read."""
    return path.name.lower().endswith((*ZIP_SUFFIXES, *TAR_SUFFIXES))


class ImageArchive(Collection):
    """The images of a zip or tar archive: of a zip in the order of their names, of a tar in its own.

    A single folder around everything is not counted as one.

    Args:
        path: The archive.

    Raises:
        DataError: From `entries`, if it is damaged, or holds far more than it should.
    """

    is_archive = True

    def __init__(self, path: Path) -> None:
        self.path = path
        lower = path.name.lower()
        suffix = next((end for end in (*ZIP_SUFFIXES, *TAR_SUFFIXES) if lower.endswith(end)), path.suffix)
        self.name = path.name[: len(path.name) - len(suffix)] or "archive"
        self.kind = "zip archive" if suffix in ZIP_SUFFIXES else "tar archive"

    def signature(self) -> str:
        """SHA-256 over the archive's path, size and time of change."""
        return file_signature(self.path)

    def entries(self) -> Iterator[Entry | Skipped]:
        """The image files, by their names in the archive."""
        self.other_files = 0
        done = 0
        try:
            for entry in self._zip_entries() if self.kind == "zip archive" else self._tar_entries():
                yield entry
                done += 1
                if done > _MOST_ENTRIES:
                    raise DataError(f"'{self.path}' has more than {_MOST_ENTRIES:,} entries. Give a folder instead")
        except _DAMAGE as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> DataError:
        said = str(error) or type(error).__name__
        return DataError(f"'{self.path}' is no whole {self.kind}: {said}. Fetch or make it again")

    def _zip_entries(self) -> Iterator[Entry | Skipped]:
        with zipfile.ZipFile(self.path) as archive:
            self._check_growth(sum(info.file_size for info in archive.infolist()))
            for info in sorted(archive.infolist(), key=lambda info: info.filename.split("/")):
                start = partial(_start, archive, info)
                found = self._judged(info.filename, info.is_dir(), info.file_size, start)
                if found is None:
                    continue
                name, fault = found
                if not fault and info.flag_bits & 1:
                    fault = "it is encrypted"
                if not fault and (info.external_attr >> 28) == 0xA:
                    fault = "it is a link"
                yield Skipped(name, fault) if fault else Entry(name, partial(_unzip, archive, info))

    def _tar_entries(self) -> Iterator[Entry | Skipped]:
        ends: list[str] = []
        with tarfile.open(self.path, tarinfo=_watched(ends)) as archive:
            for member in archive:
                self._check_growth(member.offset_data + member.size)
                # Read once, if it takes its start to tell what it is: a stream would be unpacked anew to go back.
                load = cache(partial(self._untar, archive, member))
                start = load if member.isreg() and member.size <= FILE_LIMIT else bytes
                found = self._judged(member.name, member.isdir(), member.size, start)
                archive.members = []  # type: ignore[attr-defined]  # or the archive remembers every one
                if found is None:
                    continue
                name, fault = found
                if not fault and not member.isreg():
                    fault = (
                        "it is a link" if member.issym() or member.islnk() else "it is no file, but a device or a pipe"
                    )
                yield Skipped(name, fault) if fault else Entry(name, load)
            if ends == ["EmptyHeaderError"]:
                tell(f"'{self.path}' ends without the mark that closes a tar archive: it may have been cut short")

    def _check_growth(self, size: int) -> None:
        """Refuse an archive if the bytes that it unpacks to are far more than it has.

        Raises:
            DataError: If they are.
        """
        if size > _MOST_GROWTH * self.path.stat().st_size + _FREE_GROWTH:
            raise DataError(f"'{self.path}' unpacks to more than {_MOST_GROWTH} times its size, as a bomb does")

    def _untar(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
        try:
            file = archive.extractfile(member)
            assert file is not None  # a regular file has content
            content = file.read(FILE_LIMIT)
            if len(content) < member.size:
                raise EOFError("it ends early")
        except _DAMAGE as error:  # what goes wrong in the one stream goes wrong for all that follows
            raise self._damaged(error) from error
        return content

    def _judged(self, name: str, is_folder: bool, size: int, start: Callable[[], bytes]) -> tuple[str, str] | None:
        """The name of an image and what is wrong with it, or nothing; None for what is no image."""
        path = PurePosixPath(name.replace("\\", "/"))
        if is_folder or any(_is_hidden(part) for part in path.parts):
            return None
        if not is_image_file(path.name, start):
            self.other_files += 1
            return None
        shown = readable("/".join(part for part in path.parts if part != "."))
        if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
            return shown, "its name leads out of the archive"
        if size > FILE_LIMIT:
            return shown, f"it is larger than {FILE_LIMIT >> 20} MiB"
        return shown, ""


def _start(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """The first bytes of a member; none of one that cannot be read."""
    try:
        with archive.open(info) as file:
            return file.read(START_BYTES)
    except _DAMAGE:
        return b""


def _unzip(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(info) as file:
            return file.read(FILE_LIMIT)
    except _DAMAGE as error:
        raise UnreadableError(f"it cannot be unpacked: {error or type(error).__name__}") from error


def _watched(ends: list[str]) -> type[tarfile.TarInfo]:
    """Members that tell damage from an end, which `tarfile` takes for the same once it has read a first member."""

    class Member(tarfile.TarInfo):
        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "Member":
            try:
                member = super().frombuf(buf, encoding, errors)
            except tarfile.HeaderError as error:
                # The classes for an end are not among those that `tarfile` documents.
                if type(error).__name__ in ("EmptyHeaderError", "EOFHeaderError"):
                    ends.append(type(error).__name__)
                    raise
                raise tarfile.ReadError(f"a header is damaged ({error})") from error
            assert isinstance(member, Member)
            return member

    return Member


def _is_hidden(part: str) -> bool:
    return part == "__MACOSX" or (part.startswith(".") and part not in (".", ".."))
