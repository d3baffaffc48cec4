"""Files of a run's output: latent codes, decoded images, reconstructions and samples."""

import hashlib
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isthmus.data import Data, ImageSource, chosen_batch, spread
from isthmus.data.decode.entries import Collection, Entry
from isthmus.data.decode.image_files import UnreadableError
from isthmus.data.decode.pages import file_of
from isthmus.data.depth import as_levels
from isthmus.data.locations import recall_location, require_apart
from isthmus.data.open.images import locate
from isthmus.data.tiff import write_tiff
from isthmus.errors import DataError, UsageError
from isthmus.plots.display import as_displayed, false_colour
from isthmus.plots.sheets import file_paths, save, save_each, tile
from isthmus.progress import tell
from isthmus.runs import Run, encoded_batches, require_autoencoder
from isthmus.storage import atomic_file, new_folder, require_free
from isthmus.workflows.datasets import open_given, recall_training_data

COMPARED = 16
"""Images in the file that shows inputs beside reconstructions."""
COMPARISON = "comparison.png"


def encode_file(run: Run, data: Data, out: Path, label: str | None = None) -> int:
    """Write the posterior of each image to an `.npz` file, with the identity of the image; return the number of images.

    Beside `mean` `(n, latent)` and `log_variance` of a VAE, each `(n,)` and text unless said otherwise:

    - `names`: The name of output files.
    - `path`: The image as the data lists it, with its suffix; `stack.tif[3]` for a page.
    - `sha256`: The hash of its file, in hexadecimal; of its pixels if it has no file of its own; empty if several files
      have its path.
    - `split`: For the images of the run's training data, `train`, `validation` or `test` as in training; for others
      `train` or `test`, or empty if the data is not split.
    - `labels`, int64, and `class_name`, if the data has classes: numbered as in the run, then the unknown ones.

    Args:
        run: The run.
        data: The images.
        out: The file.
        label: The class of all images, by name or number, if the run is conditional; None for their own.

    Raises:
        UsageError: If `out` exists, or is no `.npz`; if there is no such class, or the run is not conditional.
        DataError: If the images are damaged, or not of the run's shape.
    """
    _require_suffix(out, ".npz")
    require_free(out)
    given, digests = open_given(run, data, label), _file_digests(data)
    source = given.images
    parts, hashes = [], list[str]()
    for batch in encoded_batches(run, source, progress="encoding"):
        parts.append(batch.encoded)
        images = batch.images.input
        for path, image in zip(source.paths[batch.start : batch.start + len(images)], images, strict=True):
            known = digests.get(file_of(path))
            hashes.append(hashlib.sha256(image.tobytes()).hexdigest() if known is None else known)
    arrays: dict[str, NDArray[np.generic]] = {
        name: np.concatenate([part[name] for part in parts]) for name in run.latent.parameter_names
    }
    splits = _splits_of_run(run, data, source) or [given.split] * len(source)
    columns = {"names": source.names, "path": source.paths, "sha256": hashes, "split": splits}
    if source.labels is not None:
        arrays["labels"] = source.labels
        names = source.class_names
        columns["class_name"] = [names[label] if names else str(label) for label in source.labels]
    arrays |= {name: np.array(column, dtype=np.str_) for name, column in columns.items()}
    with atomic_file(out) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # NumPy takes any names
    return len(source)


def _splits_of_run(run: Run, data: Data, source: ImageSource) -> list[str] | None:
    """The split that each image was in when the run was trained; None for other data than the run's."""
    place = recall_location(run.manifest.data.fingerprint, run.class_names)
    own = recall_training_data(run) if place is not None and place.holds(data) else None
    if own is None:
        return None
    parts = {"train": own.train, "validation": own.validation, "test": own.test}
    known = {digest.tobytes(): split for split, part in parts.items() if part is not None for digest in part.digests}
    return [known.get(digest.tobytes(), "") for digest in source.digests]


def _file_digests(data: Data) -> dict[str, str]:
    """SHA-256 of each file of a collection by its path; empty for paths that several files have, as in archives."""
    target, _ = locate(data)
    digests: dict[str, str] = {}
    for entry in target.entries() if isinstance(target, Collection) else ():
        try:
            content = entry.load() if isinstance(entry, Entry) else None
        except UnreadableError:
            continue
        if isinstance(content, bytes):
            digest = hashlib.sha256(content).hexdigest()
            digests[entry.name] = digest if digests.get(entry.name, digest) == digest else ""
    return digests


def decode_file(run: Run, codes: Path, out: Path) -> int:
    """Decode the codes of an `.npz` file (`latent`, or `mean` as `encode` writes it); return the number of images.

    Images are PNGs, or TIFFs where no PNG has their channels or bits.

    A conditional run takes the classes of `class_name`, or of `labels`, beside them.

    Raises:
        UsageError: If `out` exists.
        DataError: If the file is missing or damaged, or the codes are not the run's.
    """
    require_autoencoder(run)
    require_free(out)
    latent, names, labels = _read_codes(codes)
    images = run.decode(latent, labels=labels if run.is_conditional else None)
    with new_folder(out) as folder:
        write_each(run, images, names, folder)
    return len(images)


def reconstruct_folder(
    run: Run, data: Data, out: Path, draws: int | None = None, seed: int = 0, label: str | None = None
) -> int:
    """Write the reconstruction of each image, and some beside their inputs; return the number of images.

    They are PNGs, or TIFFs where no PNG has their channels or bits.  With `draws`, each image gets that number of
    files, `NAME-1.png` and so on, from draws of its posterior.  `label` is the class of all images, by name or number,
    if the run is conditional; None for their own.

    Raises:
        UsageError: If `out` exists or lies among the images, or a plain autoencoder gets `draws`; if there is no such
            class, or the run is not conditional.
        DataError: If the images are damaged, or not of the run's shape.
    """
    require_free(out)
    require_apart(out, data)
    source = open_given(run, data, label, "; --tiles keeps the sizes of large ones").images
    with new_folder(out) as folder:
        for batch in encoded_batches(run, source, progress="reconstructing"):
            names = list(source.names[batch.start : batch.start + len(batch.images.input)])
            given = run.decode_draws(batch.encoded, draws, seed + batch.start)
            if draws is not None:
                names = [f"{name}-{draw + 1}" for name in names for draw in range(draws)]
            write_each(run, given.reshape(-1, *run.image.shape), names, folder)
        shown = chosen_batch(source, spread(len(source), COMPARED), run.recipe)
        given = run.reconstruct(shown.input, draws, seed, shown.condition)
        save(compared(shown.input, given), folder / COMPARISON)
    tell_false_colour(run, COMPARISON)
    return len(source)


def write_samples(run: Run, out: Path, count: int, label: str | None = None, seed: int = 0) -> None:
    """Write new images: a sheet if `out` names an image file, an array if it names an `.npy`, else a folder.

    The files of a folder are PNGs, or TIFFs where no PNG has their channels or bits.

    Raises:
        UsageError: If `out` exists, or the run does not know the label.
    """
    require_autoencoder(run)
    require_free(out)
    images = run.sample(count, label, seed)
    if out.suffix.lower() == ".npy":
        with atomic_file(out) as temporary, temporary.open("wb") as file:
            np.save(file, images)
    elif out.suffix:
        # Classes that alternate make a column each.
        in_turn = run.is_conditional and label is None
        save(tile(as_displayed(images), columns=len(run.trained_labels) if in_turn else None), out)
        tell_false_colour(run, out.name)
    else:
        digits = len(str(count - 1))
        with new_folder(out) as folder:
            write_each(run, images, [f"sample-{i:0{digits}d}" for i in range(count)], folder)


def write_each(run: Run, images: NDArray[np.generic], names: list[str], folder: Path) -> None:
    """Write images of a run, `(n, h, w, c)`, to a file each, with all their channels and bits."""
    levels = as_levels(images, None if run.preprocessing is None else run.preprocessing.bits)
    if levels.dtype == np.uint8 and not false_colour(levels.shape[-1]):
        save_each(levels, names, folder)
        return
    for path, image in zip(file_paths(names, folder, ".tif"), levels, strict=True):
        write_tiff(path, image)


def tell_false_colour(run: Run, sheet: str) -> None:
    """Report on standard error the false colour of the images of a sheet, where there is one."""
    if rule := false_colour(run.image.channels):
        tell(f"{sheet}: {rule}")


def compared(images: NDArray[np.generic], given: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Lay out images `(n, h, w, c)`, each before its reconstructions `(n[, draws], h, w, c)`; uint8 `(H, W, 3)`."""
    rows = given.reshape(len(images), -1, *images.shape[1:])
    both = np.concatenate([images[:, None], rows], axis=1)
    # Several images and their reconstructions share a row, so that the sheet is not too tall.
    in_a_row = min(4, len(images)) if rows.shape[1] == 1 else 1
    return tile(as_displayed(both.reshape(-1, *images.shape[1:])), columns=both.shape[1] * in_a_row)


def _read_codes(path: Path) -> tuple[NDArray[np.float32], list[str], NDArray[np.generic] | None]:
    """Codes, names of their files, and their classes by name or by number, where the file has them."""
    if not path.is_file():
        raise UsageError(f"there is no file {path}. `isthmus encode RUN DATA --out FILE.npz` makes one.")
    try:
        # Opened here: NumPy leaves a file open that is no whole archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            name = next((name for name in ("latent", "mean") if name in arrays), None)
            if name is None:
                raise DataError(
                    f"{path}: expected an array 'latent' or 'mean' of codes; it has {', '.join(arrays) or 'none'}."
                )
            latent = arrays[name].astype(np.float32, casting="same_kind")  # complex codes are refused
            names = [str(text) for text in arrays["names"]] if "names" in arrays else []
            labels = next((arrays[name] for name in ("class_name", "labels") if name in arrays), None)
    except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} is not an .npz file of codes, or a damaged one ({error}).") from None
    if len(names) != len(latent):
        names = [f"{i:0{len(str(max(len(latent) - 1, 0)))}d}" for i in range(len(latent))]
    return latent, names, labels


def _require_suffix(path: Path, suffix: str) -> None:
    if path.suffix.lower() != suffix:
        raise UsageError(f"expected --out to end in {suffix}; got {path.name!r}")
