"""The quality of reconstructed photographs, in numbers and to look at, as elements of a page."""

import numpy as np
from numpy.typing import NDArray

from isthmus.evaluation.equal_size import Candidate, EqualSize
from isthmus.evaluation.result import format_value
from isthmus.plots.display import as_displayed
from isthmus.plots.sheets import thumbnails
from isthmus.report.elements import inline_image
from isthmus.report.page import Example, QualitySection, TextTable
from isthmus.units import Estimate
from isthmus.wording import spell_images

SIDE = 192
"""The pixels of an image in the page, along its longer side."""
_SHARES = {"Easy": 0.1, "Median": 0.5, "Hard": 0.9}
"""The share of images with a lower error than the one that is shown."""


def image_quality(found: EqualSize) -> QualitySection:
    """Show the model, PCA and image formats: their metrics, and what each makes of three images.

    A tenth, half and nine tenths of all images have a lower error than the three.
    """
    table = TextTable(
        "",
        ("model", "PSNR", "SSIM", "sharpness", "bytes per image"),
        [_row(one) for one in found.candidates],
        frozenset({0}),
        "Sharpness is the gradient energy of the reconstructions as a share of that of the images: 1 for equal images, "
        f"lower for blurred ones. {found.note}",
    )
    shown = [one for one in found.candidates if one.key != "quantised"]
    made: list[NDArray[np.generic]] = [found.originals, *(one.images for one in shown)]
    order = np.argsort(found.candidates[0].closeness.mse, kind="stable")

    def example(title: str, share: float) -> Example:
        index = int(order[round(share * (len(order) - 1))])
        name = found.names[index]
        notes = ["Image", *(f"{one.name}, {one.closeness.psnr[index]:.1f} dB" for one in shown)]
        images = thumbnails(np.stack([as_displayed(one[index][None])[0] for one in made]), 2 * SIDE)
        alts = [f"{note}: {name}" for note in notes]
        elements = [inline_image(image, alt, side=SIDE) for image, alt in zip(images, alts, strict=True)]
        return Example(elements, f"{title}: {name}", notes)

    lead = (
        f"Measured on {spell_images(len(found.originals), found.what)}; higher PSNR and SSIM are better. Of the three "
        "images shown, the first is easier for the model than 90% of the images, and the last is harder than 90%."
    )
    examples = [example(title, share) for title, share in _SHARES.items()]
    return QualitySection(lead, table, examples)


def _row(one: Candidate) -> tuple[str, ...]:
    near = one.closeness
    estimates = [Estimate.of(near.psnr), Estimate.of(near.ssim), near.sharpness]
    cells = [
        format_value(found.mean, found.standard_error, unit) if np.isfinite(found.mean) else "none"
        for found, unit in zip(estimates, ("dB", "", ""), strict=True)
    ]
    return one.name, *cells, "" if one.bytes_per_image is None else f"{one.bytes_per_image:,.1f}"
