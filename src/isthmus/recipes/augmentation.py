"""How training images are changed at random."""

from typing import Annotated

from pydantic import Field

from isthmus.recipes.base import Fields, Fraction


class Augmentation(Fields):
    """How training images are changed at random each time they are seen; none of it by default."""

    flip_horizontal: bool = False
    """Whether left and right change places, for every other image."""
    flip_vertical: bool = False
    """Whether top and bottom change places, for every other image."""
    shift: Annotated[float, Field(ge=0.0, le=0.5)] = 0.0
    """The farthest that an image is moved each way, as a share of its side."""
    crop: Annotated[float, Field(ge=0.0, le=0.9)] = 0.0
    """The most that is cut away, as a share of each side; what is left fills the image again."""
    rotation: Annotated[float, Field(ge=0.0, le=180.0)] = 0.0
    """The farthest that an image is turned either way, in degrees."""
    brightness: Fraction = 0.0
    """The most that an image is made lighter or darker, as a share of its brightness."""

    @property
    def is_off(self) -> bool:
        """Whether images stay as they are."""
        return self == Augmentation()
