"""Tasks: what the encoder is shown, and what the decoder must give."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from isthmus.recipes.base import Fields, Fraction

Share = Annotated[float, Field(gt=0.0, le=1.0)]


def _as_range(value: Any) -> Any:
    """One number stands for a range of no width."""
    return (value, value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Strength = Annotated[tuple[Share, Share], BeforeValidator(_as_range)]
"""One strength, or the lowest and the highest of a range from which each picture's is drawn."""
Radius = Annotated[float, Field(gt=0.0, le=16.0)]


class _Task(Fields):
    """Properties of every task."""

    @property
    def restores(self) -> bool:
        """Whether the target differs from the input."""
        return True

    @property
    def has_target_files(self) -> bool:
        """Whether targets are files of their own, named by `--targets`."""
        return False

    @property
    def has_masks(self) -> bool:
        """Whether targets are masks."""
        return False


class _Ranged(_Task):
    """Fields whose ranges have to be in order."""

    @model_validator(mode="after")
    def _in_order(self) -> "_Ranged":
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, tuple) and len(value) == 2 and value[0] > value[1]:
                raise ValueError(f"{name} goes from {value[0]:g} to {value[1]:g}; give the lower first")
        return self


class Reconstruct(_Task):
    """The image itself, shown and asked for: an autoencoder."""

    kind: Literal["reconstruct"] = "reconstruct"

    @property
    def restores(self) -> bool:
        """Never."""
        return False


class Denoise(_Ranged):
    """A noisy image is shown, and the clean one asked for (Vincent et al. 2008)."""

    kind: Literal["denoise"] = "denoise"
    noise: Literal["gaussian", "poisson", "salt-and-pepper", "speckle", "jpeg"] = "gaussian"
    """What spoils the image."""
    strength: Strength = (0.05, 0.4)
    """How much, from 0 to 1, or a range: the deviation of gaussian noise, of speckle, and of poisson noise on white;
    the share of pixels that turn salt or pepper; 1 less a hundredth of a JPEG's quality."""


class Colourise(_Task):
    """The brightness of a colour image is shown, and its colours are asked for."""

    kind: Literal["colourise"] = "colourise"


class Inpaint(_Ranged):
    """An image with holes is shown, and what was there is asked for."""

    kind: Literal["inpaint"] = "inpaint"
    holes: Literal["boxes", "strokes", "rows", "centre"] = "boxes"
    """What the holes look like."""
    share: Strength = (0.05, 0.3)
    """The share of the pixels that is missing, or a range; one pixel at least stays known."""


class SuperResolve(_Task):
    """An image that was made smaller is shown, and the large one asked for."""

    kind: Literal["super-resolve"] = "super-resolve"
    factor: Literal[2, 4] = 2
    """How many times higher and wider the result is."""


class Deblur(_Ranged):
    """A blurred image is shown, and the sharp one asked for."""

    kind: Literal["deblur"] = "deblur"
    radius: Annotated[tuple[Radius, Radius], BeforeValidator(_as_range)] = (0.5, 2.0)
    """The deviation of the Gaussian blur in pixels, or a range."""
    noise: Fraction = 0.01
    """The deviation of the noise that comes on top, brightness from 0 to 1."""


class Segment(_Task):
    """An image is shown, and the class of each pixel asked for."""

    kind: Literal["segment"] = "segment"
    masks: Literal["files", "itself"] = "files"
    """Whether masks lie in files of their own, or an image of white shapes on black is its own mask."""
    clutter: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    """How busy a background is drawn behind images that are their own masks."""
    classes: tuple[Annotated[int, Field(ge=0, le=255)], ...] = ()
    """The values that the mask files have, a class each; filled in from the masks."""

    @property
    def has_masks(self) -> bool:
        """Always."""
        return True

    @property
    def has_target_files(self) -> bool:
        """Whether the masks are files."""
        return self.masks == "files"

    @property
    def count(self) -> int | None:
        """How many classes there are; None for masks in files that nobody has looked through yet."""
        return len(self.classes) or (2 if self.masks == "itself" else None)

    @model_validator(mode="after")
    def _fields_are_read(self) -> "Segment":
        if self.clutter and self.masks == "files":
            raise ValueError("clutter is read only where segment's masks is 'itself'")
        if len(set(self.classes)) != len(self.classes) or len(self.classes) == 1:
            raise ValueError("classes needs two values or more, all different, or none to take those of the masks")
        return self


class Pairs(_Task):
    """Any task of your own: two folders with equal names, one to be shown and one to be asked for."""

    kind: Literal["pairs"] = "pairs"
    target_channels: Literal[1, 3, 4] = 3
    """The channels of what is asked for; filled in from the files."""

    @property
    def has_target_files(self) -> bool:
        """Always: the pairs' other images."""
        return True


TaskFields = Annotated[
    Reconstruct | Denoise | Colourise | Inpaint | SuperResolve | Deblur | Segment | Pairs, Field(discriminator="kind")
]
