"""Images of the data with what the run makes of them, as elements of a page."""

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from isthmus.data import ImageSource, chosen_batch, spread
from isthmus.data.batches import condition_at
from isthmus.evaluation.measurements import Measurements
from isthmus.plots.checks import Images
from isthmus.plots.comparisons import difference_images
from isthmus.plots.display import as_displayed, as_prediction, false_colour
from isthmus.plots.sheets import thumbnails
from isthmus.plots.style import THEMES
from isthmus.report.elements import inline_image
from isthmus.report.page import Example, ExampleSection, Group, RoundTrip
from isthmus.runs import Run
from isthmus.scores import as_pixels
from isthmus.wording import spell_images

GROUP_SIZE, RESTORED = 4, 500
"""Examples in a group, and images that are restored to choose them from, at most."""
SHORT_CODE, MOST_BARS = 4, 24
SIDE = 96


def round_trip(run: Run, measured: Measurements) -> RoundTrip:
    """Show one image on its way through the model: one with a distortion below that of most."""
    index = np.argsort(measured.scores.distortion, kind="stable")[len(measured.test) // 4]
    inputs, outputs = _reconstructed(run, measured.test, np.array([index]))
    code = measured.codes.posterior["mean"][index]
    digits = [f"{value:.2f}".replace("-", "−") for value in code] if len(code) <= SHORT_CODE else []
    longest = float(np.abs(code).max()) or 1.0
    return RoundTrip(
        input=inline_image(inputs[0], "An image", side=112),
        output=inline_image(outputs[0], "Its reconstruction", side=112),
        dims=run.image.dims,
        code=digits,
        bars=[] if digits else [float(value) / longest for value in code[:MOST_BARS]],
        size=run.recipe.latent.description,
    )


def reconstructions(run: Run, measured: Measurements) -> ExampleSection:
    """Show the best, the middle and the worst reconstructions, and their differences from the images."""
    chosen = _best_median_worst(measured.scores.distortion)
    inputs, outputs = _reconstructed(run, measured.test, np.concatenate(list(chosen.values())))
    differences, full = difference_images(inputs, outputs, THEMES["light"])
    shown = iter(zip(inputs, outputs, differences, strict=True))

    def example(index: int) -> Example:
        name = _name(measured.test, index)
        alts = (f"Image {name}", "Its reconstruction", "The difference")
        images = [inline_image(image, alt, side=SIDE) for image, alt in zip(next(shown), alts, strict=True)]
        distortion = f"{measured.scores.distortion[index]:,.1f} nats".replace("-", "−")
        return Example(images, name, [distortion, f"MSE {measured.scores.squared_error[index]:.4f}"])

    groups = [
        Group(title, _CAPTIONS[title].format("distortion"), [example(int(index)) for index in indices])
        for title, indices in chosen.items()
    ]
    grey, rule = inputs.shape[-1] == 1, false_colour(run.image.channels)
    colours = (
        "blue where the reconstruction is too dark, orange where it is too bright" if grey else "orange by its size"
    )
    draw = " The distortion is that of one draw of the posterior; the image shown is decoded from its mean."
    count = spell_images(len(measured.test), measured.what)
    note = (
        f"Chosen by distortion from {count}. Each row shows the image as the model takes it, its "
        f"reconstruction, and the difference. The difference is {colours}, with full colour from {full} of 255."
        f"{draw if run.latent.is_random else ''}{f' Only {rule}.' if rule else ''}"
    )
    return ExampleSection("Reconstructions", note, groups)


def predictions(run: Run, source: ImageSource, what: str) -> ExampleSection:
    """Show the best, the middle and the worst predictions of a run that restores, by their mean squared error.

    Args:
        run: The run.
        source: The images.
        what: What they are, in words.
    """
    recipe = run.recipe
    indices = spread(len(source), RESTORED)
    batch = chosen_batch(source, indices, recipe)
    outputs = np.asarray(run.reconstruct(batch.input), np.uint8)
    errors = np.mean(np.square((batch.target.astype(np.float64) - outputs) / 255.0), axis=(1, 2, 3))
    columns = {
        "The input": as_displayed(run.task.visible(np.asarray(batch.input))),
        "The prediction": as_prediction(recipe, batch.input, outputs),
        "The target": as_prediction(recipe, batch.input, batch.target),
    }

    def example(place: int) -> Example:
        name = source.names[indices[place]]
        images = [_small(images[place], f"{alt}: image {name}") for alt, images in columns.items()]
        return Example(images, name, [f"MSE {errors[place]:.4f}"])

    groups = [
        Group(title, _CAPTIONS[title].format("error"), [example(int(place)) for place in places])
        for title, places in _best_median_worst(errors).items()
    ]
    count = spell_images(len(source), what)
    note = f"Chosen by error from {count}. Each row shows the input, the prediction, and the target."
    return ExampleSection("Predictions", note, groups)


_CAPTIONS = {"Best": "The lowest {}s.", "Median": "Around the median {}.", "Worst": "The highest {}s."}


def _best_median_worst(errors: NDArray[np.float64]) -> dict[str, NDArray[np.int64]]:
    order = np.argsort(errors, kind="stable")
    count = min(GROUP_SIZE, max(1, len(order) // 3))
    middle = (len(order) - count) // 2
    return {"Best": order[:count], "Median": order[middle : middle + count], "Worst": order[::-1][:count]}


def _name(source: ImageSource, index: int) -> str:
    """The name of an image, with its class where it has one and does not name it."""
    name = source.names[index]
    if source.labels is None:
        return name
    label = int(source.labels[index])
    class_name = source.class_names[label] if label < len(source.class_names) else str(label)
    return name if name.startswith(f"{class_name}/") else f"{name}, class {class_name}"


def _small(image: NDArray[np.uint8], alt: str) -> Markup:
    return inline_image(thumbnails(image[None], 2 * SIDE)[0], alt, side=SIDE)


def _reconstructed(run: Run, source: ImageSource, indices: NDArray[np.int64]) -> tuple[Images, Images]:
    """Images as the model takes them, and their reconstructions, small enough for a page."""
    images = source.read(indices)
    inputs = as_displayed(as_pixels(images, run.recipe.pixels))
    outputs = run.reconstruct(images, labels=condition_at(source, indices, run.recipe))
    return thumbnails(inputs, 2 * SIDE), thumbnails(as_displayed(outputs), 2 * SIDE)
