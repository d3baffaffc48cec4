"""Plots of a run's latent space, drawn from the run and, where they take images, from its own test images."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isthmus import plots
from isthmus.data import Data, select, spread
from isthmus.errors import UsageError
from isthmus.plots.of_run import SHOWN_CODES, decoder_of, range_of, way_of
from isthmus.probability.densities import typical
from isthmus.runs import Run, encode
from isthmus.wording import spell_count, spell_images
from isthmus.workflows.datasets import choose_images

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Plot:
    """A plot of a run.

    Attributes:
        figure: What was drawn.
        summary: What it shows, in words.
        note: What the user should know, such as that there were fewer images than asked for; or nothing.
    """

    figure: "Figure"
    summary: str
    note: str = ""


def manifold(run: Run, *, n: int = 20, label: str | int | None = None, **style: Any) -> Plot:
    """Draw the images of n×n codes at the prior's quantiles, of a conditional run those of the class `label`.

    Raises:
        UsageError: If the latent has not two dimensions, or no standard normal prior.
    """
    plots.require_plane(run.recipe.latent.dim, "manifold")
    if not run.latent.has_standard_prior:
        raise UsageError(
            f"{run.path} {'has another prior' if run.latent.has_rate else 'is a plain autoencoder'}, so there are no "
            "quantiles of a standard normal prior to decode. Draw a grid instead."
        )
    return Plot(plots.manifold(decoder_of(_of_class(run, label)), n, **style), f"the manifold of {n}x{n} codes")


def grid(
    run: Run,
    *,
    span: tuple[float, float] = (-5.0, 5.0),
    step: float = 1.0,
    label: str | int | None = None,
    **style: Any,
) -> Plot:
    """Draw the images of the codes in a square of the latent plane, a step apart; of a conditional run for a class.

    Raises:
        UsageError: If the latent has not two dimensions, or the range is invalid.
    """
    plots.require_plane(run.recipe.latent.dim, "grid")
    figure = plots.grid(decoder_of(_of_class(run, label)), x=span, y=span, step=step, **style)
    return Plot(figure, f"the grid of codes from {span[0]:g} to {span[1]:g} in steps of {step:g}")


def scatter(
    run: Run,
    *,
    data: Data | None = None,
    count: int | None = None,
    label: str | int | None = None,
    projection: str | None = None,
    ellipses: bool = False,
    seed: int = 0,
    **style: Any,
) -> Plot:
    """Draw a point for the code of each image, coloured by label if there are labels.

    Args:
        run: The run.
        data: Other images than the run's own.
        count: The number of images, at most; 1,000 by default.
        label: Images of this class alone.
        projection: "pca" or "tsne", for codes of more than two dimensions; PCA by default.
        ellipses: Draw each posterior's standard deviations; for two dimensions.
        seed: Seed for t-SNE.
        **style: `theme` and `axes`.

    Raises:
        UsageError: If the latent has one dimension, or does not allow the projection or the ellipses.
        DataError: If the images cannot be found, or are not of the run's shape.
    """
    dim = run.recipe.latent.dim
    if dim < 2:
        raise UsageError("expected a latent of 2 or more dimensions for a scatter; this one has 1. Draw a traversal.")
    if ellipses and (dim != 2 or projection is not None or not run.latent.has_rate):
        raise UsageError(
            f"expected a VAE with a latent of 2 dimensions, without a projection, for ellipses; this one has {dim}"
            f"{'' if run.latent.has_rate else ' and is a plain autoencoder'}. Leave the ellipses out."
        )
    chosen = choose_images(run, data, label, count, SHOWN_CODES)
    source = chosen.images
    posterior = encode(run, source, progress=None).posterior
    codes: NDArray[np.floating] = posterior["mean"]
    axis_labels = plots.AXIS_LABELS
    if dim > 2 or projection is not None:
        projected = plots.project(codes, projection or "pca", seed=seed)  # type: ignore[arg-type]  # it checks
        codes, axis_labels = projected.codes, projected.axis_labels
    figure = plots.scatter(
        codes,
        source.labels,
        class_names=source.class_names or run.class_names,
        log_variance=posterior["log_variance"] if ellipses else None,
        axis_labels=axis_labels,
        **style,
    )
    return Plot(figure, f"the codes of {len(source):,} {chosen.what}", chosen.note)


def traversal(
    run: Run,
    *,
    data: Data | None = None,
    label: str | int | None = None,
    image: str | int | None = None,
    count: int = 10,
    span: tuple[float, float] | None = None,
    **style: Any,
) -> Plot:
    """Draw what each latent dimension does to an image, the one with the most information first.

    Args:
        run: The run.
        data: Other images than the run's own, to measure the information per dimension.
        label: Images of this class alone; a conditional run needs one, and decodes to it.
        image: The image to start from, by its name or its number; by default one with a typical code.
        count: The number of dimensions, at most.
        span: The range of each; by default -3 to 3 for a VAE, and the range of the codes for a plain autoencoder.
        **style: `theme` and `axes`.

    Raises:
        UsageError: If there is no such image, or the range is invalid.
        DataError: If the images cannot be found, or are not of the run's shape.
    """
    chosen = choose_images(run, data, label)
    source, run = chosen.images, _of_class(run, label) if run.is_conditional else run
    shown = spread(len(source), SHOWN_CODES)
    encoded = encode(run, select(source, shown), progress=None)
    (information, unit), means = encoded.information, encoded.posterior["mean"]
    start = int(shown[typical(means)]) if image is None else chosen.number_of(image)
    base = run.encode(source.read(np.array([start])))["mean"][0]
    low, high = range_of(run, means) if span is None else span
    if not low < high:
        raise UsageError(f"expected a range of two numbers, the lower first; got {low:g} {high:g}. Try -3 3.")
    values, total = np.linspace(low, high, 13), len(information)
    figure = plots.traversal(decoder_of(run), base, information, values=values, most=count, unit=unit, **style)
    return Plot(figure, f"{min(count, total)} of {spell_count(total, 'dimension')}, from image {source.names[start]!r}")


def interpolation(
    run: Run,
    *,
    data: Data | None = None,
    label: str | int | None = None,
    count: int = 5,
    n: int = 11,
    way: str | None = None,
    seed: int = 0,
    **style: Any,
) -> Plot:
    """Draw the images between the codes of two images, a row for each pair.

    Args:
        run: The run.
        data: Other images than the run's own.
        label: Images of this class alone; a conditional run needs one, and decodes to it.
        count: The number of pairs.
        n: Images in a row, both ends included.
        way: "linear" or "spherical"; by default spherical for a VAE of more than two dimensions.
        seed: Seed for the choice of the pairs.
        **style: `theme` and `axes`.

    Raises:
        UsageError: If there are fewer than two images, or no such way.
        DataError: If the images cannot be found, or are not of the run's shape.
    """
    chosen = choose_images(run, data, label)
    source, run = chosen.images, _of_class(run, label) if run.is_conditional else run
    pairs = min(count, len(source) // 2)
    if pairs < 1:
        raise UsageError(
            f"expected one pair or more of two images or more; got {spell_count(count, 'pair')} of "
            f"{spell_images(len(source), chosen.what)}. Give other images."
        )
    ends = np.random.default_rng(seed).choice(len(source), 2 * pairs, replace=False)
    codes = run.encode(source.read(ends))["mean"]
    path: Any = way or way_of(run)
    figure = plots.interpolation(decoder_of(run), codes[:pairs], codes[pairs:], steps=n, way=path, **style)
    note = "" if pairs == count else f"{count} pairs were asked for; there are {len(source)} images, enough for {pairs}"
    return Plot(figure, f"the interpolation between {spell_count(pairs, 'pair')} of {chosen.what}", note)


def _of_class(run: Run, label: str | int | None) -> Run:
    """The run as it decodes codes of a class; itself where it is not conditional, or fixed already.

    Raises:
        UsageError: If a conditional run is given no label, or another run one.
    """
    if label is not None:
        return run.conditioned_on(label)
    if run.is_conditional and run.label is None:
        raise UsageError(f"{run.path} is conditional: choose the class to draw, such as --label {run.class_names[0]}.")
    return run
