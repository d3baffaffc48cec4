"""How far a training has come: what a checkpoint keeps beside the model's own state."""

import json
import math
from dataclasses import dataclass, field, fields
from typing import Any

from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, NonNegativeFloat, NonNegativeInt

from isthmus.inputs import parse_json


@dataclass
class TrainingState:
    """What the callbacks of one training share, and a resumed one starts from.

    Attributes:
        step: Steps done since the start of the training.
        epoch: Epochs finished.
        seconds: Time spent training, over all sittings.
        history: One row for each finished epoch, columns by name.
        best_loss: The lowest loss so far, nats per image: validation's, or training's where none is held out.
        best_epoch: The epoch, from 1, whose weights are `best_weights`; 0 before any.
        best_weights: The encoder's and decoder's weights at that epoch.
        waited: Epochs since.
        message: Why the training ended early, where it did.
    """

    step: int = 0
    epoch: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    best_loss: float = math.inf
    best_epoch: int = 0
    best_weights: dict[str, NDArray[Any]] = field(default_factory=dict)
    waited: int = 0
    message: str = ""

    def out_of_patience(self, patience: int | None) -> bool:
        """Whether `patience` epochs went by without a better one, which ends a training; `message` says so then."""
        if patience is None or self.waited < patience:
            return False
        self.message = f"no better validation loss in {patience} epochs"
        return True

    def to_json(self) -> str:
        """Everything but the weights."""
        kept = (part.name for part in fields(self) if part.name not in ("best_weights", "message"))
        return json.dumps({name: getattr(self, name) for name in kept})

    @classmethod
    def from_json(cls, text: str, best_weights: dict[str, NDArray[Any]]) -> "TrainingState":
        """Read what `to_json` wrote.

        Raises:
            ValueError: If it is something else.
        """
        values = _Saved.model_validate(parse_json(text))
        return cls(**values.model_dump(exclude_unset=True), best_weights=best_weights)


class _Saved(BaseModel):
    """A state's fields in a checkpoint, which anything may have changed."""

    model_config = ConfigDict(extra="forbid", strict=True)

    step: NonNegativeInt = 0
    epoch: NonNegativeInt = 0
    seconds: NonNegativeFloat = 0.0
    history: list[dict[str, int | float]] = []  # whole numbers stay whole in history.csv
    best_loss: float = math.inf
    best_epoch: NonNegativeInt = 0
    waited: NonNegativeInt = 0
