"""`isthmus encode`, `decode`, `reconstruct` and `sample`: the use of a trained run, without a training framework."""

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.console import print_json, say
from isthmus.cli.options import AsJson, DataName, Label, RunPath, Seed, option


def _tell(count: int, path: Path, what: str, as_json: bool) -> None:
    if as_json:
        print_json({"images": count, "out": str(path)})
    else:
        say(f"{count} {what} in {path}")


def encode(
    run: RunPath,
    data: DataName,
    out: Annotated[Path, option("FILE.npz", "The file to write; must not exist.")],
    label: Label = None,
    as_json: AsJson = False,
) -> None:
    """Write the latent code of every image (mean and log_variance) with its name, path, SHA-256, split and class.

    Example:

      isthmus encode runs/digits digits:test --out codes.npz
    """
    from isthmus.runs import load
    from isthmus.workflows.codes import encode_file

    _tell(encode_file(load(run), data, out, label), out, "codes", as_json)


def decode(
    run: RunPath,
    codes: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.npz",
            help="Latent codes: an array `latent`, or `mean` as encode writes it.",
        ),
    ],
    out: Annotated[Path, option("DIR", "The folder to create; must not exist.")],
    as_json: AsJson = False,
) -> None:
    """Decode latent codes to images: one PNG each, or TIFF where no PNG has the channels or bits.

    Example:

      isthmus decode runs/digits codes.npz --out decoded
    """
    from isthmus.runs import load
    from isthmus.workflows.codes import decode_file

    _tell(decode_file(load(run), codes, out), out, "images", as_json)


def reconstruct(
    run: RunPath,
    data: DataName,
    out: Annotated[Path, option("DIR", "The folder to create; must not exist.")],
    draws: Annotated[
        int | None, option("N", "Draws of each image's posterior; a reconstruction of each.", min=1)
    ] = None,
    seed: Seed = 0,
    label: Label = None,
    tiles: Annotated[
        bool,
        option(
            None,
            "Reconstruct large images at their own sizes, in overlapping tiles; by default image files are fitted to "
            "the size of the run's images.",
            "--tiles",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Reconstruct images: one file each, and comparison.png with some beside their inputs.

    Files are PNG, or TIFF where no PNG has the channels or bits.

    Examples:

      isthmus reconstruct runs/digits digits:test --out reconstructions

      isthmus reconstruct runs/photos large/ --tiles --out reconstructions
    """
    from isthmus.runs import load
    from isthmus.workflows.codes import COMPARISON, reconstruct_folder
    from isthmus.workflows.large_images import reconstruct_large_folder

    reconstructed = reconstruct_large_folder if tiles else reconstruct_folder
    count = reconstructed(load(run), data, out, draws, seed, label)
    _tell(count, out, f"reconstructions ({COMPARISON} shows some)", as_json)


def sample(
    run: RunPath,
    out: Annotated[Path, option("FILE.png|DIR", "One sheet of all images, a folder of files, or an .npy.")],
    count: Annotated[int, option("N", "Number of images.", "-n", "--count", min=1)] = 16,
    label: Annotated[
        str | None, option("L", "The class to sample, by its name or number in the training data, such as 7.")
    ] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Sample new images.

    A VAE is sampled from its prior. A plain autoencoder, and with --label any model that is not conditional, is sampled
    from a distribution fitted to its training codes.

    A conditional model is sampled given the class. Without --label its classes alternate, and a sheet has a
    column for each.

    Without a condition, the codes of classes overlap, so some samples show another class than the label. `isthmus
    evaluate` measures the label agreement.

    Examples:

      isthmus sample runs/digits --out samples.png

      isthmus sample runs/digits -n 100 --label 7 --out label-7
    """
    from isthmus.runs import load
    from isthmus.workflows.codes import write_samples

    write_samples(load(run), out, count, label, seed)
    _tell(count, out, "samples", as_json)
