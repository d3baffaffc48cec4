"""The record of a folder of results: what made them and of what, so that a resumed restoration does the same."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from isthmus.errors import DataError, UsageError
from isthmus.inputs import parse_json
from isthmus.runs import Run
from isthmus.storage import write_text

RECORD = "restored.json"
"""The file's name, which no image has."""
_SCHEMA = 1


@dataclass(frozen=True)
class RestorationRecord:
    """The record of a folder of results.

    Attributes:
        out: The folder.
        made_by: The digests of the run's files, the draws and their seed.
        sources: Of each result, by its path within the folder: a digest of what it is made of.
        kept: The results that are there already, of the same source.
        outdated: Those that are there, and of another.
    """

    out: Path
    made_by: Mapping[str, Any]
    sources: Mapping[PurePosixPath, str]
    kept: frozenset[PurePosixPath]
    outdated: frozenset[PurePosixPath]

    @classmethod
    def begin(cls, out: Path, made_by: Mapping[str, Any], sources: Mapping[PurePosixPath, str]) -> "RestorationRecord":
        """Read the record that `out` has, if any, and write the one of what it will hold.

        Raises:
            UsageError: If it holds files without a record, or results made by something else.
            DataError: If its record cannot be read.
            StorageError: If it cannot be written to.
        """
        then = _read(out, made_by) if out.is_dir() and any(out.iterdir()) else {}
        there = {path for path in sources if (out / path).exists()}
        kept = frozenset(path for path in there if then.get(str(path)) == sources[path])
        record = cls(out, made_by, sources, kept, frozenset(there - kept))
        # An outdated result does not count until it is made again.
        record._write({path: source for path, source in sources.items() if path not in record.outdated})
        return record

    def finish(self) -> None:
        """Record that all results are made."""
        if self.outdated:
            self._write(self.sources)

    def _write(self, sources: Mapping[PurePosixPath, str]) -> None:
        results = {str(path): source for path, source in sources.items()}
        content = {"schema": _SCHEMA, "made_by": dict(self.made_by), "answers": results}
        write_text(self.out / RECORD, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def made_by(run: Run, draws: int | None, seed: int) -> dict[str, Any]:
    """Everything but the images that results depend on, as plain values."""
    wanted = {"recipe.json", *(graph.file for graph in run.manifest.graphs.values())}
    files = {name: entry.sha256 for name, entry in sorted(run.manifest.files.items()) if name in wanted}
    return {"run": files, "draws": draws, "seed": None if draws is None else seed}


def _read(out: Path, now: Mapping[str, Any]) -> dict[str, str]:
    path = out / RECORD
    try:
        content = parse_json(path.read_text(encoding="utf-8"))
        schema, then, results = content["schema"], dict(content["made_by"]), dict(content["answers"])
    except FileNotFoundError:
        raise UsageError(
            f"{out} has files in it and no {RECORD}, as a folder of results has; choose another --out."
        ) from None
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DataError(f"{path} cannot be read ({error}). Choose another --out, or move it away.") from None
    if schema != _SCHEMA:
        raise DataError(f"{path} has schema {schema!r}; this isthmus reads {_SCHEMA}. Choose another --out")
    differing = [
        "by another run" if key == "run" else f"with {key}={then.get(key)}, not {value}"
        for key, value in now.items()
        if then.get(key) != value
    ]
    if differing:
        raise UsageError(
            f"{out} holds results made {' and '.join(differing)}. Use the same options, or choose another --out."
        )
    return results
