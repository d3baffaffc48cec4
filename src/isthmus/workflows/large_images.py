"""Reconstructions of images that are larger than a run's own."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isthmus.data import Data, Skipped, spread
from isthmus.data.decode.survey import check_readable
from isthmus.data.locations import require_apart
from isthmus.plots.sheets import save
from isthmus.progress import progress_bar, tell
from isthmus.runs import Run
from isthmus.runs.large_images import reconstruct_by_tiles
from isthmus.storage import new_folder, require_free
from isthmus.workflows.codes import COMPARED, COMPARISON, compared, tell_false_colour, write_each
from isthmus.workflows.datasets import open_large

SHOWN_SIDE = 256
"""Pixels of the middle of an image, along either side at most, that are shown beside its reconstruction."""


def reconstruct_large_folder(
    run: Run, data: Data, out: Path, draws: int | None = None, seed: int = 0, label: str | None = None
) -> int:
    """Write the reconstruction of each image at its own size, tile by tile; return the number of images.

    Files are named and written as `reconstruct_folder` does.  Its sheet shows the middle of some images beside those of
    their reconstructions.

    Args:
        run: The run.
        data: Image files of any sizes, or arrays; none smaller than the run's images.
        out: The folder to create.
        draws: The number of reconstructions of each image, from draws of its posterior; None for the one of its mean.
        seed: Seed for the draws.
        label: The class of all images, by name or number, if the run is conditional; None for their own.

    Raises:
        UsageError: If `out` exists or lies among the images, or a plain autoencoder gets `draws`; if there is no such
            class, or the run is not conditional.
        DataError: If the images are damaged, or smaller than the run's.
    """
    require_free(out)
    require_apart(out, data)
    images = open_large(run, data, label)
    shown = set(spread(len(images), COMPARED).tolist())
    height, width = np.minimum(images.sizes.min(axis=0), SHOWN_SIDE)
    pairs: list[tuple[NDArray[np.generic], NDArray[np.generic]]] = []
    skipped: list[Skipped] = []
    with new_folder(out) as folder, progress_bar("reconstructing", len(images)) as bar:
        for index, image in enumerate(images.pixels()):
            name = images.names[index]
            if isinstance(image, Skipped):
                skipped.append(image)
                tell(f"{image.name} cannot be read and is left out: {image.reason}")
            else:

                def update(done: int, tiles: int, index: int = index, name: str = name) -> None:
                    bar.update(index, f"{name}: {done} of {tiles} tiles")

                labels = images.labels[index] if run.is_conditional else None
                given = reconstruct_by_tiles(run, image[np.newaxis], draws, seed + index, labels, update)
                names = [name] if draws is None else [f"{name}-{draw + 1}" for draw in range(draws)]
                write_each(run, given.reshape(-1, *image.shape), names, folder)
                if index in shown:
                    pairs.append((_middle(image, height, width), _middle(given[0], height, width)))
            bar.update(index + 1)
        check_readable(len(images) - len(skipped), skipped, images.name)
        if pairs:
            save(compared(*map(np.stack, zip(*pairs, strict=True))), folder / COMPARISON)
    tell_false_colour(run, COMPARISON)
    return len(images) - len(skipped)


def _middle(image: NDArray[np.generic], height: int, width: int) -> NDArray[np.generic]:
    """The middle `(..., height, width, c)` of images `(..., h, w, c)`."""
    top, left = (image.shape[-3] - height) // 2, (image.shape[-2] - width) // 2
    return image[..., top : top + height, left : left + width, :]
