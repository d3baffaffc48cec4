"""Random changes of training images."""

from typing import Annotated

from pydantic import Field

from isthmus.recipes.base import Fields, Fraction


class Augmentation(Fields):
    """Random changes of training images, drawn anew in each epoch; off by default."""

    flip_horizontal: bool = False
    """Whether half of the images, at random, are flipped left to right."""
    flip_vertical: bool = False
    """Whether half of the images, at random, are flipped top to bottom."""
    transpose: bool = False
    """Whether half of the images, at random, are reflected in the diagonal, which takes square ones; with both flips,
    all eight orientations are as frequent."""
    shift: Annotated[float, Field(ge=0.0, le=0.5)] = 0.0
    """Maximum shift in each direction, as a fraction of the side."""
    crop: Annotated[float, Field(ge=0.0, le=0.9)] = 0.0
    """Maximum fraction of each side that is cropped; the rest is scaled to full size."""
    rotation: Annotated[float, Field(ge=0.0, le=180.0)] = 0.0
    """Maximum rotation in either direction, in degrees."""
    brightness: Fraction = 0.0
    """Maximum change of brightness, as a fraction."""

    @property
    def is_off(self) -> bool:
        """Whether images stay unchanged."""
        return self == Augmentation()
