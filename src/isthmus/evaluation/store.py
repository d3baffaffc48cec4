"""The evaluations that a run holds, in `evaluation.json`, the newest last.

Each part of an evaluation is stored when it is measured, with a seal of this machine: the evaluation of a run from
elsewhere, or a file that was edited, is not taken for a measurement.
"""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from isthmus.errors import StorageError
from isthmus.evaluation.result import Evaluation, Provenance
from isthmus.evaluation.seals import is_sealed, seal
from isthmus.inputs import MOST_TEXT_BYTES, parse_json, read_regular
from isthmus.runs import Run
from isthmus.storage import write_text

EVALUATION = "evaluation.json"
SCHEMA_VERSION = 2
_READABLE = (1, SCHEMA_VERSION)
"""Version 1 had neither dates nor seals."""
_MOST_STORED = 16


def read_evaluations(run: Run) -> list[Evaluation]:
    """Read what a run holds, the newest last; nothing where the file is missing, damaged or of a newer isthmus."""
    try:
        values = parse_json(read_regular(run.path / EVALUATION, MOST_TEXT_BYTES))
        if values["schema_version"] not in _READABLE:
            return []
        return [_verified(Evaluation.from_json(entry), entry.get("seals", {})) for entry in values["evaluations"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def find_evaluation(run: Run, rests_on: Mapping[str, Any]) -> Evaluation | None:
    """What a run holds that depends on the same."""
    return next((entry for entry in reversed(read_evaluations(run)) if entry.rests_on == rests_on), None)


def newest_evaluation(run: Run) -> Evaluation | None:
    """The newest evaluation of the weights that a run has now."""
    return next((entry for entry in reversed(read_evaluations(run)) if _is_current(run, entry)), None)


def store_evaluation(run: Run, evaluation: Evaluation) -> bool:
    """Store an evaluation as the newest, with what the run holds of the same images and of the same model.

    Parts that it does not have stay stored, so that parts can be stored one by one.

    Returns:
        Whether it was written: a run may be in a place that only others may write to.
    """
    stored = read_evaluations(run)
    same = [entry for entry in stored if entry.rests_on == evaluation.rests_on]
    others = [entry for entry in stored if entry not in same and _is_current(run, entry)]
    for entry in same:
        evaluation = entry.joined(evaluation)
    entries = [_sealed(entry) for entry in [*others, evaluation][-_MOST_STORED:]]
    values = {"schema_version": SCHEMA_VERSION, "evaluations": entries}
    with contextlib.suppress(StorageError):
        write_text(run.path / EVALUATION, json.dumps(values, indent=2, allow_nan=False) + "\n")
        return True
    return False


def _is_current(run: Run, evaluation: Evaluation) -> bool:
    now, then = run.manifest.files, evaluation.rests_on.get("files", {})
    return all(name in now and now[name].sha256 == digest for name, digest in then.items())


def _sealed(evaluation: Evaluation) -> dict[str, Any]:
    """What is written: with a seal for each part that this machine measured."""
    seals = {
        part: seal(_content(evaluation, part))
        for part, entry in evaluation.provenance.items()
        if entry.origin != "unverified"
    }
    return {**evaluation.to_json(), "seals": seals}


def _verified(evaluation: Evaluation, seals: Mapping[str, str]) -> Evaluation:
    """What was read: each part is of this machine if its seal is, whatever the file says."""
    provenance: dict[str, Provenance] = {}
    for part, entry in evaluation.provenance.items():
        verified = is_sealed(_content(evaluation, part), seals.get(part, ""))
        provenance[part] = replace(entry, origin="stored" if verified else "unverified")
    return replace(evaluation, provenance=provenance)


def _content(evaluation: Evaluation, part: str) -> dict[str, Any]:
    """All that a seal vouches for: a part, when and by what it was measured, and of what."""
    values = evaluation.only([part]).to_json()
    del values["provenance"][part]["origin"]
    del values["run"]  # a run may be renamed
    return values
