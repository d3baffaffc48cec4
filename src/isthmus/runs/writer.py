"""Writing a run folder: each file atomically, and the manifest last."""

from pathlib import Path
from typing import Any

from isthmus.runs.folder import MANIFEST, describe_file
from isthmus.runs.manifest import FileEntry, Manifest
from isthmus.storage import write_bytes, write_text


class RunWriter:
    """A run folder that is being made; what counts is what the last `commit` said.

    Attributes:
        folder: Where the run is.
        manifest: What the next commit will say.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder, self.manifest = folder, manifest
        self._files: dict[str, FileEntry] = {}

    def write(self, name: str, content: bytes | str) -> None:
        """Write a file of the run.

        Raises:
            StorageError: If it cannot be written.
        """
        write_bytes(self.folder / name, content.encode() if isinstance(content, str) else content)
        self.record(name)

    def record(self, name: str) -> None:
        """Take a file that is there into the manifest."""
        self._files[name] = describe_file(self.folder / name)

    def update(self, **changes: Any) -> None:
        """Change fields of the manifest."""
        self.manifest = self.manifest.model_copy(update=changes)

    def commit(self) -> Manifest:
        """Write the manifest.

        Raises:
            StorageError: If it cannot be written.
        """
        self.update(files=dict(sorted(self._files.items())))
        write_text(self.folder / MANIFEST, self.manifest.to_json())
        return self.manifest
