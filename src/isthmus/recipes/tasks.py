"""Tasks: the input of the encoder and the target of the decoder."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from isthmus.recipes.base import Fraction, Part
from isthmus.recipes.likelihoods import CategoricalLikelihood, mask_likelihood

if TYPE_CHECKING:
    from isthmus.recipes.fields import Recipe

Share = Annotated[float, Field(gt=0.0, le=1.0)]


def _as_range(value: Any) -> Any:
    """One number stands for a range of no width."""
    return (value, value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Strength = Annotated[tuple[Share, Share], BeforeValidator(_as_range)]
"""One strength, or the lower and upper end of a range from which one is drawn for each image."""
Radius = Annotated[float, Field(gt=0.0, le=16.0)]


class TaskFields(Part):
    """The input of the encoder and the target of the decoder."""

    restores: ClassVar[bool] = True
    """Whether the target differs from the input."""
    has_masks: ClassVar[bool] = False
    """Whether targets are masks."""

    @property
    def has_target_files(self) -> bool:
        """Whether targets are separate files, from `--targets`."""
        return False

    def faults(self, recipe: "Recipe") -> Iterator[str]:
        """Pixels that it does not take, and random changes that input and target would not share."""
        if not self.restores:
            return
        if recipe.pixels.binarise != "none" or recipe.pixels.dtype != "uint8":
            yield f"the task {self.kind!r} takes pixels as they are: set pixels.binarise=none, pixels.dtype=uint8"
        augmentation = recipe.augmentation
        changed = augmentation.crop or augmentation.rotation or augmentation.brightness
        if (self.has_masks or self.has_target_files) and changed:
            yield (
                f"augmentation of the task {self.kind!r} may flip, transpose and shift input and target; crop, "
                "rotation and brightness would change the target"
            )


class _Ranged(TaskFields):
    """Fields whose ranges have to be in order."""

    @model_validator(mode="after")
    def _in_order(self) -> "_Ranged":
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, tuple) and len(value) == 2 and value[0] > value[1]:
                raise ValueError(f"{name} goes from {value[0]:g} to {value[1]:g}; give the lower first")
        return self


class Reconstruct(TaskFields):
    """Input and target are the image itself: an autoencoder."""

    restores: ClassVar[bool] = False
    kind: Literal["reconstruct"] = "reconstruct"


class Denoise(_Ranged):
    """Input: an image with noise; target: the image (Vincent et al. 2008)."""

    kind: Literal["denoise"] = "denoise"
    noise: Literal["gaussian", "poisson", "salt-and-pepper", "speckle", "jpeg"] = "gaussian"
    """Kind of the noise."""
    strength: Strength = (0.05, 0.4)
    """Strength from 0 to 1, or a range: the standard deviation of gaussian noise, of speckle, and of poisson noise on
    white; the fraction of salt and pepper pixels; 1 minus a hundredth of the JPEG quality."""


class Colourise(TaskFields):
    """Input: the brightness of a colour image; target: its colours."""

    kind: Literal["colourise"] = "colourise"


class Inpaint(_Ranged):
    """Input: an image with holes; target: the image."""

    kind: Literal["inpaint"] = "inpaint"
    holes: Literal["boxes", "strokes", "rows", "centre"] = "boxes"
    """Shape of the holes."""
    share: Strength = (0.05, 0.3)
    """Fraction of the pixels that are missing, or a range; at least one pixel stays known."""


class SuperResolve(TaskFields):
    """Input: an image reduced in size; target: the image."""

    kind: Literal["super-resolve"] = "super-resolve"
    factor: Literal[2, 4] = 2
    """Factor by which height and width grow."""


class Deblur(_Ranged):
    """Input: a blurred image; target: the image."""

    kind: Literal["deblur"] = "deblur"
    radius: Annotated[tuple[Radius, Radius], BeforeValidator(_as_range)] = (0.5, 2.0)
    """Standard deviation of the Gaussian blur in pixels, or a range."""
    noise: Fraction = 0.01
    """Standard deviation of added noise, for brightness from 0 to 1."""


class Segment(TaskFields):
    """Input: an image; target: the class of each pixel."""

    has_masks: ClassVar[bool] = True
    kind: Literal["segment"] = "segment"
    masks: Literal["files", "itself"] = "files"
    """Whether masks are files, or images of white shapes on black are their own masks."""
    clutter: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    """Strength of the background drawn behind images that are their own masks."""
    classes: tuple[Annotated[int, Field(ge=0, le=255)], ...] = ()
    """Values of the mask files, one per class; read from the masks."""

    @property
    def has_target_files(self) -> bool:
        """Whether the masks are files."""
        return self.masks == "files"

    @property
    def count(self) -> int | None:
        """Number of classes; None for mask files that have not been read yet."""
        return len(self.classes) or (2 if self.masks == "itself" else None)

    @model_validator(mode="after")
    def _fields_are_read(self) -> "Segment":
        if self.clutter and self.masks == "files":
            raise ValueError("clutter is read only where segment's masks is 'itself'")
        if len(set(self.classes)) != len(self.classes) or len(self.classes) == 1:
            raise ValueError("classes needs two values or more, all different, or none to take those of the masks")
        return self

    def faults(self, recipe: "Recipe") -> Iterator[str]:
        """A likelihood of something else than these classes."""
        yield from super().faults(recipe)
        likelihood, count = recipe.likelihood, self.count
        if not (likelihood.of_binary or likelihood.of_classes):
            yield (
                "masks need likelihood.kind=bernoulli (of two classes) or categorical (of more), "
                f"and likelihood.kind is {likelihood.kind!r}"
            )
        elif count is not None and likelihood != mask_likelihood(count):
            needed = "bernoulli" if count == 2 else f"categorical with likelihood.classes={count}"
            classes = likelihood.classes if isinstance(likelihood, CategoricalLikelihood) else None
            given = "" if classes is None else f" with likelihood.classes={classes}"
            yield (
                f"masks of {count} classes need likelihood.kind={needed}, "
                f"and likelihood.kind is {likelihood.kind!r}{given}"
            )


class Pairs(TaskFields):
    """Input and target are files of the same name in two folders."""

    kind: Literal["pairs"] = "pairs"
    target_channels: Literal[1, 3, 4] = 3
    """Channels of the targets; read from the files."""

    @property
    def has_target_files(self) -> bool:
        """Always."""
        return True
