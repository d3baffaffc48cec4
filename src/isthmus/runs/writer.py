"""Writing a run folder: each file atomically, and the manifest last."""

import shutil
from pathlib import Path
from typing import Any

from isthmus.runs.folder import MANIFEST, STAGED, describe_file
from isthmus.runs.manifest import FileEntry, Manifest
from isthmus.storage import storage_errors, write_bytes, write_text


class RunWriter:
    """A run folder that is being written; what counts is what the last `commit` said.

    A file that the committed manifest lists stays as it is until the next commit: what replaces it is written to the
    folder `staged` first, and moved to its place once the manifest lists it.  `read_file` looks in both, so a run can
    be read at every moment, and after a kill at any.

    Attributes:
        folder: Where the run is.
        manifest: What the next commit will say.
    """

    def __init__(self, folder: Path, manifest: Manifest, committed: Manifest | None = None) -> None:
        """Begin to write.

        Args:
            folder: Where the run is, or will be.
            manifest: What the first commit will say; its files are those that are written from now on.
            committed: What the run says of itself, where there is one.
        """
        self.folder = folder
        self._committed: dict[str, FileEntry] = {} if committed is None else dict(committed.files)
        self._move()  # a process may have been killed before it had moved all
        self.manifest = manifest.model_copy(update={"files": {}})

    def place(self, name: str) -> Path:
        """Where to write a file of the run; `record` takes it into the manifest."""
        return (self.folder / STAGED if name in self._committed else self.folder) / name

    def write(self, name: str, content: bytes | str) -> None:
        """Write a file of the run.

        Raises:
            StorageError: If it cannot be written.
        """
        write_bytes(self.place(name), content.encode() if isinstance(content, str) else content)
        self.record(name)

    def record(self, name: str) -> None:
        """Take a file that is at its `place` into the manifest."""
        files = {**self.manifest.files, name: describe_file(self.place(name))}
        self.update(files=dict(sorted(files.items())))

    def update(self, **changes: Any) -> None:
        """Change fields of the manifest."""
        self.manifest = self.manifest.model_copy(update=changes)

    def commit(self) -> Manifest:
        """Write the manifest, and move the staged files to their places.

        Raises:
            StorageError: If it cannot be written.
        """
        write_text(self.folder / MANIFEST, self.manifest.to_json())
        self._committed = dict(self.manifest.files)
        self._move()
        shutil.rmtree(self.folder / STAGED, ignore_errors=True)
        return self.manifest

    def _move(self) -> None:
        """Move the staged files that the committed manifest lists."""
        for name, entry in self._committed.items():
            staged = self.folder / STAGED / name
            if staged.is_file() and describe_file(staged) == entry:
                with storage_errors(self.folder / name):
                    staged.replace(self.folder / name)
