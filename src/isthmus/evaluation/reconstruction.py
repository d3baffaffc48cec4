"""How near reconstructions are, beside what a mean image and PCA of the same dimension give away for free."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from isthmus.data import ImageSource
from isthmus.evaluation.pca import PCABaseline
from isthmus.evaluation.table import Row, Section, estimate_row, mean_row
from isthmus.probability import LatentVariable, namespace
from isthmus.runs import Run, encoded_batches
from isthmus.scores import as_pixels, gradient_energy, sharpness
from isthmus.units import Estimate
from isthmus.wording import spell_count

TITLE = "Reconstruction"
_LEAST_ERROR = 1e-10  # a perfect image has 100 dB, not infinitely many
_WINDOW = 7

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Closeness:
    """How near some images come to others, one number for each, `(n,)`.

    Attributes:
        mse: Mean squared error over the pixels, brightness from 0 to 1.
        psnr: -10 log10 of that, dB, at most 100.
        ssim: Structural similarity (Wang et al. 2004, by scikit-image, 7x7 windows), 1 for equal images.
        energy: Gradient energy of the images that stand for the others; see `gradient_energy`.
        original_energy: Gradient energy of the others.
    """

    mse: FloatArray
    psnr: FloatArray
    ssim: FloatArray
    energy: FloatArray
    original_energy: FloatArray

    @property
    def sharpness(self) -> Estimate:
        """The gradient energy as a share of the originals'; see `sharpness`."""
        return sharpness(self.energy, self.original_energy)


@dataclass(frozen=True, eq=False)
class ReconstructionResult:
    """The run's closeness to every test image, and the baselines' (None without training images).

    Attributes:
        run: That of the reconstruction from the posterior's mean.
        mean_image: That of the mean training image.
        pca: That of PCA with as many components as a code has dimensions.
        shuffled_mse: The squared error of another image's reconstruction, `(n,)`: that of a code without information.
        components: The principal components that PCA has: fewer than a code's dimensions where the training images
            allow no more.
        fitted_on: The number of training images that the baselines are fitted to.
    """

    run: Closeness
    mean_image: Closeness | None
    pca: Closeness | None
    shuffled_mse: FloatArray
    components: int
    fitted_on: int


def closeness(images: NDArray[np.floating], given: NDArray[np.floating], similarity: bool = True) -> Closeness:
    """Compare images `(n, h, w, c)`, 0 to 1, with those that stand for them; without `similarity`, its values are NaN.

    Images of fewer than 3 pixels across have no structure to compare: NaN too.
    """
    from skimage.metrics import structural_similarity

    images, given = np.asarray(images, np.float32), np.asarray(given, np.float32)
    mse = np.mean(np.square(images.astype(np.float64) - given), axis=(1, 2, 3))
    window = min(_WINDOW, *images.shape[1:3])
    window -= 1 - window % 2  # odd
    ssim = [
        structural_similarity(a, b, win_size=window, data_range=1.0, channel_axis=-1)
        if similarity and window > 1
        else np.nan
        for a, b in zip(images, given, strict=True)
    ]
    energies = gradient_energy(given), gradient_energy(images)
    return Closeness(mse, psnr(mse), np.asarray(ssim, np.float64), *energies)


def psnr(mse: FloatArray) -> FloatArray:
    """Peak signal-to-noise ratios of mean squared errors of brightness from 0 to 1, dB, at most 100."""
    return np.asarray(-10.0 * np.log10(np.maximum(mse, _LEAST_ERROR)))


def measure_reconstruction(
    run: Run, source: ImageSource, seed: int, pca: PCABaseline | None = None, similarity: bool = True
) -> ReconstructionResult:
    """Reconstruct every image of a source, and compare.

    Args:
        run: A run that reconstructs.
        source: Images of the run's shape.
        seed: Seed for stochastic binarisation.
        pca: Compare with PCA and its mean image too.
        similarity: Measure structural similarity too, which takes longer than all the rest.
    """
    found: dict[str, list[Closeness]] = {"run": [], "mean_image": [], "pca": []}
    shuffled, previous = [], None
    for batch in encoded_batches(run, source, seed, progress="reconstructing"):
        images = as_pixels(batch.images.target, run.recipe.pixels)
        given = run.likelihood.mean(namespace, run.decode_parameters(batch.encoded["mean"], batch.encoded))
        found["run"].append(closeness(images, given, similarity))
        # The image before: the first of all meets the last of its batch.
        others = np.concatenate([given[-1:] if previous is None else previous, given[:-1]])
        shuffled.append(np.mean(np.square(images - others), axis=(1, 2, 3)))
        previous = given[-1:]
        if pca is not None:
            found["mean_image"].append(closeness(images, pca.mean_of(len(images)), similarity))
            found["pca"].append(closeness(images, pca.reconstruct(images), similarity))
    parts = {name: _joined(part) if part else None for name, part in found.items()}
    assert parts["run"] is not None
    return ReconstructionResult(
        parts["run"],
        parts["mean_image"],
        parts["pca"],
        np.concatenate(shuffled),
        0 if pca is None else pca.components,
        0 if pca is None else pca.fitted_on,
    )


def reconstruction_section(found: ReconstructionResult, latent: LatentVariable) -> Section:
    """The table of reconstruction metrics."""
    alike = "as many numbers of 32 bits as have the size of a code" if latent.is_discrete else "as many dimensions"
    baseline = f"fitted on {spell_count(found.fitted_on, 'training image')}"
    rows = closeness_rows("", "", found.run, "of the posterior mean's reconstruction")
    if found.pca is not None:
        meaning = f"of PCA with {alike}, {baseline}"
        rows += closeness_rows("pca_", f"PCA of {latent.float_dim}: ", found.pca, meaning)
    if found.mean_image is not None:
        meaning = f"of the mean image for all, {baseline}"
        rows += closeness_rows("mean_image_", "mean image: ", found.mean_image, meaning)
    note = "" if found.pca is not None else "The training images cannot be found, so there are no baselines."
    return Section("reconstruction", TITLE, tuple(rows), note)


def closeness_rows(key: str, name: str, values: Closeness, meaning: str) -> list[Row]:
    """The rows of one model or baseline; SSIM and sharpness only where there is structure to compare.

    Args:
        key: What its keys begin with.
        name: What its names begin with.
        values: Its closeness to the images.
        meaning: What was compared, to end each explanation.
    """
    rows = [
        mean_row(f"{key}psnr_db", f"{name}PSNR", values.psnr, "dB", f"Peak signal-to-noise ratio {meaning}."),
        mean_row(f"{key}mse", f"{name}MSE", values.mse, "", f"Mean squared error {meaning}, brightness 0 to 1."),
    ]
    if not np.isnan(values.ssim).any():
        rows.append(mean_row(f"{key}ssim", f"{name}SSIM", values.ssim, "", f"Structural similarity {meaning}."))
    if values.original_energy.any():
        text = f"Gradient energy {meaning}, as a share of that of the images."
        rows.append(estimate_row(f"{key}sharpness", f"{name}sharpness", values.sharpness, "", text))
    return rows


def _joined(parts: list[Closeness]) -> Closeness:
    names = [field.name for field in fields(Closeness)]
    return Closeness(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
