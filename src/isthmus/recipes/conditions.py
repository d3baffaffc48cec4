"""Conditions, as data: what a model is given of an image besides its pixels."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from isthmus.recipes.base import Part

if TYPE_CHECKING:
    from isthmus.recipes.fields import Recipe


class ConditionFields(Part):
    """What encoder, decoder and prior are given of an image besides its pixels and its code."""

    is_given: ClassVar[bool] = True
    """Whether there is any."""

    if TYPE_CHECKING:

        @property
        def classes(self) -> int:
            """Number of classes; 0 for none."""


class NoCondition(ConditionFields):
    """Nothing: the model learns p(image)."""

    is_given: ClassVar[bool] = False
    classes: ClassVar[int] = 0
    kind: Literal["none"] = "none"


class LabelCondition(ConditionFields):
    """The class of the image: the model learns p(image | class) (Sohn, Lee & Yan 2015)."""

    kind: Literal["labels"] = "labels"
    classes: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Number of classes; 0 for those of the data."""

    def faults(self, recipe: "Recipe") -> Iterator[str]:
        """A task whose images come without labels."""
        yield from super().faults(recipe)
        if recipe.task.restores:
            yield (
                f"condition.kind='labels' needs the label of every image, and images to restore (task.kind="
                f"{recipe.task.kind!r}) come without: set condition=none, or task=reconstruct"
            )
