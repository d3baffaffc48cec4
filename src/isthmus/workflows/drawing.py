"""The pictures of a run: each drawn from the run itself and, where it takes images, from its own test images."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isthmus import plots
from isthmus.data import Data, spread
from isthmus.errors import UsageError
from isthmus.plots.of_run import SHOWN_CODES, decoder_of, information_of, range_of, terms_of
from isthmus.probability.densities import typical
from isthmus.runs import Run
from isthmus.runs.history import read_history
from isthmus.workflows.datasets import choose_images

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Drawing:
    """A figure, and what there is to say of it.

    Attributes:
        figure: What was drawn.
        summary: What it shows, in words.
        note: What the caller should know, such as that there were fewer images than asked for.
    """

    figure: "Figure"
    summary: str
    note: str = ""


def draw_manifold(run: Run, *, n: int = 20, **look: Any) -> Drawing:
    """The images of n×n codes at the prior's quantiles.

    Raises:
        UsageError: If the latent has not two dimensions, or no prior.
    """
    plots.require_plane(run.recipe.latent.dim, "manifold")
    if not run.latent.has_rate:
        raise UsageError(
            f"{run.path} is a plain autoencoder, and has no prior whose quantiles to decode. Draw a grid instead."
        )
    return Drawing(plots.manifold(decoder_of(run), n, **look), f"the manifold of {n}x{n} codes")


def draw_grid(run: Run, *, span: tuple[float, float] = (-5.0, 5.0), step: float = 1.0, **look: Any) -> Drawing:
    """The images of the codes in a square range of a plane, a step apart.

    Raises:
        UsageError: If the latent has not two dimensions, or the range cannot be.
    """
    plots.require_plane(run.recipe.latent.dim, "grid")
    figure = plots.grid(decoder_of(run), x=span, y=span, step=step, **look)
    return Drawing(figure, f"the grid of codes from {span[0]:g} to {span[1]:g} in steps of {step:g}")


def draw_scatter(
    run: Run,
    *,
    data: Data | None = None,
    count: int | None = None,
    label: str | int | None = None,
    projection: str | None = None,
    ellipses: bool = False,
    seed: int = 0,
    **look: Any,
) -> Drawing:
    """The codes of images, a point each, coloured by label where there are labels.

    Args:
        run: The run.
        data: Other images than the run's own.
        count: How many images at most; 1,000 by default.
        label: Images of this class alone.
        projection: "pca" or "tsne", for codes of more than two dimensions; PCA by default.
        ellipses: Whether to draw each posterior's standard deviations; for two dimensions.
        seed: For t-SNE.
        **look: `theme` and `axes`.

    Raises:
        UsageError: If the latent has one dimension, or a projection or ellipses that cannot be.
        DataError: If the images cannot be found, or are not of the run's shape.
    """
    dim = run.recipe.latent.dim
    if dim < 2:
        raise UsageError("expected a latent of 2 or more dimensions for a scatter; this one has 1. Draw a traversal.")
    if ellipses and (dim != 2 or projection is not None or not run.latent.has_rate):
        raise UsageError(
            f"expected a VAE with a latent of 2 dimensions, as it is, for ellipses; this one has {dim}"
            f"{'' if run.latent.has_rate else ' and is a plain autoencoder'}. Leave the ellipses out."
        )
    chosen = choose_images(run, data, label, count, SHOWN_CODES)
    source = chosen.images
    posterior = run.encode(source.read(np.arange(len(source))))
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
        **look,
    )
    return Drawing(figure, f"the codes of {len(source):,} {chosen.what}", chosen.note)


def draw_traversal(
    run: Run,
    *,
    data: Data | None = None,
    label: str | int | None = None,
    image: str | int | None = None,
    count: int = 10,
    span: tuple[float, float] | None = None,
    **look: Any,
) -> Drawing:
    """What each dimension of the code does to the image, from the one that tells most.

    Args:
        run: The run.
        data: Other images than the run's own, to see how much each dimension tells.
        label: Images of this class alone.
        image: The image to start from, by its name or its number; by default one with a typical code.
        count: How many dimensions at most.
        span: What each goes through; -3 to 3 for a VAE, and what the codes span for a plain autoencoder.
        **look: `theme` and `axes`.

    Raises:
        UsageError: If there is no such image, or the range is none.
        DataError: If the images cannot be found, or are not of the run's shape.
    """
    chosen = choose_images(run, data, label)
    source = chosen.images
    shown = spread(len(source), SHOWN_CODES)
    posterior = run.encode(source.read(shown))
    tells, unit = information_of(run, posterior)
    start = int(shown[typical(posterior["mean"])]) if image is None else chosen.number_of(image)
    base = run.encode(source.read(np.array([start])))["mean"][0]
    low, high = range_of(run, posterior["mean"]) if span is None else span
    if not low < high:
        raise UsageError(f"expected a range of two numbers, the lower first; got {low:g} {high:g}. Try -3 3.")
    values = np.linspace(low, high, 13)
    figure = plots.traversal(decoder_of(run), base, tells, values=values, most=count, unit=unit, **look)
    return Drawing(figure, f"{min(count, len(tells))} of {len(tells)} dimensions, from image {source.names[start]!r}")


def draw_interpolation(
    run: Run,
    *,
    data: Data | None = None,
    label: str | int | None = None,
    count: int = 5,
    n: int = 11,
    way: str | None = None,
    seed: int = 0,
    **look: Any,
) -> Drawing:
    """The way from the code of one image to that of another, a row for each pair.

    Args:
        run: The run.
        data: Other images than the run's own.
        label: Images of this class alone.
        count: How many pairs.
        n: Images in a row, both ends among them.
        way: "straight" or "spherical"; by default spherical for a VAE of more than two dimensions.
        seed: Chooses the pairs.
        **look: `theme` and `axes`.

    Raises:
        UsageError: If there are not two images to go between, or no such way.
        DataError: If the images cannot be found, or are not of the run's shape.
    """
    found = choose_images(run, data, label)
    source = found.images
    pairs = min(count, len(source) // 2)
    if pairs < 1:
        raise UsageError(
            f"expected two images or more to go between, and one pair or more; there are {len(source)} {found.what}, "
            f"and {count} pairs were asked for. Give other images."
        )
    chosen = np.random.default_rng(seed).choice(len(source), 2 * pairs, replace=False)
    codes = run.encode(source.read(chosen))["mean"]
    way = way or ("spherical" if run.latent.has_rate and run.recipe.latent.dim > 2 else "straight")
    figure = plots.interpolation(decoder_of(run), codes[:pairs], codes[pairs:], steps=n, way=way, **look)  # type: ignore[arg-type]  # it checks
    note = "" if pairs == count else f"{count} pairs were asked for; there are {len(source)} images, enough for {pairs}"
    return Drawing(figure, f"the way between {pairs} pairs of {found.what}", note)


def draw_history(run: Run, **look: Any) -> Drawing:
    """The loss and its terms by epoch, nats per image.

    Raises:
        RunError: If no epoch has been finished, or the table is damaged.
    """
    columns = read_history(run.path, run.manifest)
    terms = terms_of(run, columns)
    training = run.manifest.training
    best = None if training is None else training.best_epoch
    figure = plots.history(columns, terms=terms, best_epoch=best, **look)
    return Drawing(figure, f"the {', '.join(terms)} over {len(columns['loss'])} epochs")
