"""Checks of the images and codes that a run is given, and of the graphs that it declares."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.data import ImageSpec, Preprocessing, as_source
from isthmus.errors import DataError, RunError, UsageError
from isthmus.probability import CONDITION, LatentGroup, LatentVariable
from isthmus.recipes import LatentFields
from isthmus.runs.manifest import GraphEntry, GroupEntry

OFF_LEVEL = 1e-3
"""How far from its level a number of a discrete code may be: levels are at least 1 / 128 apart."""
End = tuple[str, tuple[str | int, ...]]
"""The dtype and the shape of a graph's input or output; the batch is `n`."""


def checked_images(
    images: ArrayLike, expected: ImageSpec, preprocessing: Preprocessing | None, run: str, *, larger: bool = False
) -> NDArray[np.generic]:
    """Images as an encoder takes them, `(n, height, width, channels)`.

    Args:
        images: The images.
        expected: The shape and dtype that the encoder takes.
        preprocessing: The preprocessing of the run's images.
        run: The run's name, for messages.
        larger: Whether they may be larger, to be cut into tiles.

    Raises:
        DataError: If they are no array of that shape, or of a smaller one.
    """
    if isinstance(images, str | os.PathLike):
        raise DataError(
            f"expected images as an array (n, height, width, channels); got the path {os.fspath(images)!r}. "
            f"`isthmus.open_images({os.fspath(images)!r}, preprocessing=run.preprocessing)` opens its images, and "
            "`isthmus encode` writes their codes to a file."
        )
    source = as_source(images, dtype=expected.dtype, bits=None if preprocessing is None else preprocessing.bits)
    if source.spec != expected and not (larger and holds_tiles(source.spec, expected)):
        one = np.shape(images) == expected.shape
        raise DataError(
            f"expected images of {expected}{' or larger' if larger else ''}, as run {run!r} was trained on; got "
            f"{'one image. Add the first axis: images[np.newaxis]' if one else source.spec}."
        )
    return source.read(np.arange(len(source)))


def holds_tiles(image: ImageSpec, tile: ImageSpec) -> bool:
    """Whether an image is large enough to be cut into tiles, with their channels."""
    return image.height >= tile.height and image.width >= tile.width and image.channels == tile.channels


def generator_of(seed: int) -> np.random.Generator:
    """The source of draws for a seed.

    Raises:
        UsageError: If the seed is not a whole number of at least 0.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise UsageError(f"expected a seed that is a whole number of at least 0; got {seed!r}")
    return np.random.default_rng(int(seed))


def check_draws(draws: int, latent: LatentFields, run: Path) -> None:
    """Check that a number of draws can be made of a posterior.

    Args:
        draws: The number.
        latent: The latent of the run's recipe.
        run: The run, for messages.

    Raises:
        UsageError: If it is less than 1, or an image has one code and no posterior.
    """
    if draws < 1:
        raise UsageError(f"expected at least one draw; got draws={draws}")
    if latent.is_discrete or not latent.has_posterior:
        what = "has discrete codes" if latent.is_discrete else "is a plain autoencoder"
        raise UsageError(
            f"{run} {what}: an image has one code, and no posterior to draw from. Train one with "
            f"--set latent={latent.variational}."
        )


def checked_codes(latent: ArrayLike, variable: LatentVariable) -> NDArray[np.float32]:
    """Codes as a decoder takes them, float32 `(n, dim)`.

    Discrete codes have to be on their levels. Rounding errors, such as those of a text file, are corrected.

    Raises:
        DataError: If they have another number of dimensions, are not finite, or not on the levels of a discrete latent.
    """
    dim = variable.dim
    try:
        given = np.asarray(latent)
        codes = given.astype(np.float32, casting="unsafe" if given.dtype == object else "same_kind")
    except (TypeError, ValueError):
        raise DataError(
            f"expected codes as an array of shape (n, {dim}), such as the `mean` that encode gives; got a "
            f"{type(latent).__name__} that no such array can be made of."
        ) from None
    if codes.ndim != 2 or codes.shape[1] != dim:
        raise DataError(f"expected codes of shape (n, {dim}); got {codes.shape}.")
    if not np.isfinite(codes).all():
        raise DataError("expected finite codes; some are NaN or infinite.")
    if variable.codebook is None:
        return codes
    on_levels = variable.codebook.nearest(codes)
    if off := int((np.abs(codes - on_levels) > OFF_LEVEL).any(axis=1).sum()):
        raise DataError(
            f"expected codes on the levels of a discrete latent, such as the `mean` that encode gives; {off} of "
            f"{len(codes)} lie between them. `run.latent.codebook.nearest(codes)` moves each number to its level."
        )
    return on_levels


def ends_of(name: str, image: ImageSpec, target: ImageSpec, latent: LatentVariable, classes: int = 0) -> dict[str, End]:
    """The inputs and outputs that a graph has to have, by name.

    Args:
        name: `encoder`, `decoder` or `prior`.
        image: What the encoder takes.
        target: What the decoder gives.
        latent: The codes, and what their prior learns.
        classes: The number of classes of the condition; 0 without one.
    """
    condition: dict[str, End] = {CONDITION: ("float32", ("n", classes))} if classes else {}
    codes: End = ("float32", ("n", latent.dim))
    if name == "encoder":
        images: dict[str, End] = {"images": (image.dtype, ("n", *image.shape))}
        return images | condition | dict.fromkeys(latent.parameter_names, codes)
    if name == "decoder":
        return {"latent": codes, "images": (target.dtype, ("n", *target.shape)), **condition}
    learned = latent.prior.learned_shapes(latent.dim)
    return {"latent": codes, **{key: ("float32", ("n", *shape)) for key, shape in learned.items()}}


def declared_graph(name: str, graphs: Mapping[str, GraphEntry], ends: Mapping[str, End], run: Path) -> GraphEntry:
    """What a manifest declares of a graph, checked against the images and codes that its run is of.

    Args:
        name: What the graph is, such as `encoder`.
        graphs: What the manifest declares.
        ends: Inputs and outputs that the graph has to have, by name.
        run: The run, for messages.

    Raises:
        RunError: If it is not declared, or an end is missing or different.
    """
    if name not in graphs:
        raise RunError(
            f"{run}: the manifest declares no {name}, and the run's recipe needs one. Restore the run from a copy."
        )
    entry = graphs[name]
    declared = {tensor.name: (tensor.dtype, tensor.shape) for tensor in (*entry.inputs, *entry.outputs)}
    for tensor, expected in ends.items():
        if declared.get(tensor) != expected:
            raise RunError(
                f"{run}: the manifest declares {tensor} of the {name} as {declared.get(tensor)}, and the run's images "
                f"and recipe make it {expected}. Restore the run from a copy."
            )
    return entry


def require_group(expected: LatentGroup, declared: Sequence[GroupEntry], run: Path) -> None:
    """Check that a manifest declares the latent code of its run's recipe.

    Args:
        expected: The recipe's.
        declared: What the manifest declares.
        run: The run, for messages.

    Raises:
        RunError: If they differ.
    """
    found = [(group.name, group.kind, group.shape) for group in declared]
    if found != [(expected.name, expected.kind, expected.shape)]:
        shown = ", ".join(f"{kind} of {' x '.join(map(str, shape))}" for _, kind, shape in found) or "none"
        raise RunError(
            f"{run}: the manifest declares a latent code ({shown}) that is not the recipe's "
            f"({expected.kind} of {' x '.join(map(str, expected.shape))}). Restore the run from a copy."
        )
