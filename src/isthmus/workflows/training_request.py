"""A request to train: images, a recipe, and where the run goes."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.data import Data, ImageOptions
from isthmus.data.locations import require_apart
from isthmus.errors import UsageError
from isthmus.recipes import Recipe
from isthmus.runs.manifest import Manifest
from isthmus.training.backends import require_tensorboard
from isthmus.workflows.provenance import location_of

if TYPE_CHECKING:
    import keras

RUNS = Path("runs")
"""Where runs go without --out."""


@dataclass(frozen=True)
class TrainingRequest:
    """The arguments of a training; `isthmus.train` explains each."""

    data: Data | None
    recipe: Recipe | str | None = None
    targets: Data | None = None
    out: Path | None = None
    changes: Mapping[str, Any] | None = None
    custom: "tuple[keras.Model, keras.Model] | None" = None
    init_from: Path | None = None
    resume: bool = False
    trust: bool = False
    backend: str | None = None
    device: str | None = None
    image_options: ImageOptions | None = None
    report: bool = True
    tensorboard: bool = False
    purpose: str | None = None
    minutes: float | None = None

    def check(self) -> None:
        """Check that the options agree, and that nothing will be written among the images.

        Raises:
            UsageError: If they do not, or it would.
            BackendError: If TensorBoard is asked for and not installed.
        """
        if self.resume and self.init_from is not None:
            raise UsageError("--resume continues a run, and --init-from starts a new one: give one of them.")
        if self.resume and self.out is None:
            raise UsageError("--resume needs --out: the run to resume.")
        if self.data is None and not self.resume:
            raise UsageError("expected DATA, the images to train on; only --resume --out RUN finds those of the run.")
        if self.purpose is not None and (self.recipe is not None or self.resume or self.custom is not None):
            raise UsageError("--for chooses a recipe. Leave out --for, or else --recipe, --resume and custom networks.")
        self._check_time()
        require_apart(self.out or RUNS, self.data, self.targets)
        if self.tensorboard:
            require_tensorboard()

    def _check_time(self) -> None:
        if self.minutes is None:
            return
        if not 0.0 < self.minutes < float("inf"):
            raise UsageError(f"expected a positive number of minutes; got {self.minutes:g}")
        if self.resume:
            raise UsageError("--minutes sets the steps of a new training; a run to resume has them. Use --epochs.")
        if given := sorted((self.changes or {}).keys() & {"training.epochs", "training.steps_per_epoch"}):
            raise UsageError(f"--minutes sets {given[0]}: give one of them.")

    def with_data_of(self, place: Path, before: Manifest) -> "TrainingRequest":
        """The request with the images and targets of the run that it resumes, unless it names others.

        Raises:
            UsageError: If it names none, and this machine does not know where those are.
        """
        known = location_of(before.data)
        if self.data is None and known is None:
            raise UsageError(
                f"{place} was trained on {before.data.name!r}, which is neither a named data set nor images that this "
                f"machine remembers. Name them: isthmus train DATA --out {shlex.quote(str(place))} --resume"
            )
        if known is None:
            return self
        return replace(
            self,
            data=known.data if self.data is None else self.data,
            targets=known.targets if self.targets is None else self.targets,
        )
