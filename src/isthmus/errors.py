"""What can go wrong, by name.

Every error that isthmus raises on purpose derives from `IsthmusError`, and its message says what was expected, what
came and what to do.  The command line prints that message alone and exits with `exit_status`.
"""

from typing import ClassVar


class IsthmusError(Exception):
    """The base of every error that isthmus raises on purpose."""

    exit_status: ClassVar[int] = 1


class UsageError(IsthmusError):
    """The call was wrong: an argument that cannot be, or an output that exists already."""

    exit_status: ClassVar[int] = 2


class RecipeError(UsageError):
    """A recipe, a field of one or a value for a field that cannot be."""


class DataError(IsthmusError):
    """Images or labels that are missing, damaged or not what was asked for."""


class RunError(IsthmusError):
    """A run folder that is missing, damaged, changed, not of isthmus or from a newer isthmus."""


class TrustError(RunError):
    """A run with a custom network, which may execute arbitrary code when loaded, and which was not trusted."""


class BackendError(IsthmusError):
    """A training framework that is not installed, or cannot be chosen any more."""


class ExportError(IsthmusError):
    """Graphs that could not be exported, or that disagree with the trained model."""


class TrainingError(IsthmusError):
    """A training that could not go on, such as one whose loss is no longer finite."""


class StorageError(IsthmusError):
    """A place that cannot be written to, or a disk that is full."""


class ArchiveError(IsthmusError):
    """A compressed archive that is missing, damaged, not of isthmus, from a newer isthmus or of another model."""
