"""The pictures of a run's report: each as an element of a page, with what to see in it."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from isthmus import plots
from isthmus.data import ImageSource, make_batch, spread
from isthmus.errors import UsageError
from isthmus.evaluation.representation import neighbour_accuracy
from isthmus.plots.checks import Images
from isthmus.plots.display import as_answer, as_displayed
from isthmus.plots.of_run import terms_of
from isthmus.plots.sheets import VISIBLE_PIXELS, arrange, rgba
from isthmus.plots.training_film import COLUMNS, GAP, SHOWN, frame_label
from isthmus.report import (
    Example,
    FilmFrame,
    Group,
    Hero,
    Picture,
    data_uri,
    difference_image,
    inline_figure,
    inline_image,
    thumbnails,
)
from isthmus.runs import Run
from isthmus.scores import as_pixels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from isthmus.workflows.seeing import Seen

EXAMPLES, RESTORED = 4, 500
SAMPLES = 64
MOST_CLASSES, CLASSIFIED = 12, 2_000
FEW_NUMBERS, MOST_BARS = 4, 24
MOST_FRAMES, KEY_FRAMES = 24, 6
SIDE = 96
TERMS = {
    "loss": "What training minimises.",
    "distortion": "How far reconstructions are from their images.",
    "rate": "How much the codes say.",
    "regularisation": "What the layers of the custom network add to the loss.",
}


def hero(run: Run, seen: "Seen") -> Hero:
    """One image on its way through the model: one that is reconstructed better than most."""
    index = np.argsort(seen.scores.distortion, kind="stable")[len(seen.source) // 4]
    given, made = _both(run, seen.source, np.array([index]))
    code = seen.posterior["mean"][index]
    numbers = [f"{value:.2f}".replace("-", "−") for value in code] if len(code) <= FEW_NUMBERS else []
    longest = float(np.abs(code).max()) or 1.0
    return Hero(
        given=inline_image(given[0], "An image", side=112).html,
        made=inline_image(made[0], "Its reconstruction", side=112).html,
        dims=run.image.dims,
        code=numbers,
        bars=[] if numbers else [float(value) / longest for value in code[:MOST_BARS]],
        latent_dim=len(code),
    )


def curves(run: Run, columns: Mapping[str, NDArray[np.float64]]) -> list[Picture]:
    """A picture for each term of the loss."""
    training = run.manifest.training
    best = None if training is None else training.best_epoch
    drawn = []
    for term in terms_of(run, columns):
        figure = inline_figure(
            lambda theme, term=term: _curve(columns, term, best, theme),  # type: ignore[misc]
            f"curve-{term}",
            f"The {term} by epoch, in training and in validation, in nats per image.",
        )
        drawn.append(Picture(figure.html, figure.width, term.capitalize(), f"{TERMS[term]} Nats per image, by epoch."))
    return drawn


def _curve(columns: Mapping[str, NDArray[np.float64]], term: str, best: int | None, theme: plots.ThemeName) -> "Figure":
    figure = plots.history(columns, terms=[term], best_epoch=best, theme=theme)
    figure.axes[0].set_title("", loc="left")  # it stands above the picture already
    return figure


def film(run: Run, frames: Sequence[tuple[int, NDArray[np.uint8]]]) -> tuple[list[FilmFrame], tuple[int, int]]:
    """The frames to show, at most `MOST_FRAMES` and more of the early ones, and their size in CSS pixels."""
    if not frames:
        return [], (0, 0)
    kept = sorted({round((len(frames) - 1) * (k / (MOST_FRAMES - 1)) ** 1.5) for k in range(MOST_FRAMES)})
    keys = {kept[round((len(kept) - 1) * k / (KEY_FRAMES - 1))] for k in range(KEY_FRAMES)}
    small = [_small_frame(run, frames[k][1]) for k in kept]
    height, width = small[0].shape[:2]
    times = max(1, 440 // width)
    shown = [
        FilmFrame(data_uri(picture), frame_label(frames[k][0]), k in keys)
        for k, picture in zip(kept, small, strict=True)
    ]
    return shown, (times * width, times * height)


def _small_frame(run: Run, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A frame as it was before its images were enlarged, on a clear ground; others than ours are only shrunk."""
    height, width = run.image.shape[:2]
    times = math.ceil(VISIBLE_PIXELS / max(height, width))
    down, across = (times * side + GAP for side in (height, width))
    cells = [
        frame[top : top + times * height : times, left : left + times * width : times]
        for top in range(GAP, frame.shape[0] - GAP, down)
        for left in range(GAP, frame.shape[1] - GAP, across)
    ]
    if len({cell.shape for cell in cells}) != 1 or cells[0].shape[:2] != (height, width):
        shrunk: NDArray[np.uint8] = thumbnails(frame[None], 440)[0]
        return shrunk
    small: NDArray[np.uint8] = arrange(rgba(thumbnails(np.stack(cells[:SHOWN]))), COLUMNS, 2)
    return small


def groups(run: Run, seen: "Seen") -> tuple[list[Group], int]:
    """The best, the middle and the worst reconstructions, and the difference that has full colour, of 255."""
    order = np.argsort(seen.scores.distortion, kind="stable")
    count = min(EXAMPLES, max(1, len(order) // 3))
    middle = (len(order) - count) // 2
    chosen = {
        "Best": order[:count],
        "Median": order[middle : middle + count],
        "Worst": order[::-1][:count],
    }
    both = {title: _both(run, seen.source, indices) for title, indices in chosen.items()}
    apart = np.concatenate([np.abs(given.astype(int) - made).ravel() for given, made in both.values()])
    full = max(1, math.ceil(np.percentile(apart, 99.5)))
    captions = {
        "Best": "The lowest distortions.",
        "Median": "Around the median.",
        "Worst": "The highest distortions.",
    }
    made_groups = [
        Group(
            title,
            captions[title],
            [
                _example(seen, int(index), given, made, full)
                for index, given, made in zip(chosen[title], *both[title], strict=True)
            ],
        )
        for title in chosen
    ]
    return made_groups, full


def answers(run: Run, source: ImageSource) -> list[Group]:
    """The best, the middle and the worst answers of a run that restores, by the mean squared error of what it gives."""
    recipe = run.recipe
    chosen = spread(len(source), RESTORED)
    batch = make_batch(source.read(chosen), recipe.task, recipe.training.seed)
    given = np.asarray(run.reconstruct(batch.input), np.uint8)
    errors = np.mean(np.square((batch.target.astype(np.float64) - given) / 255.0), axis=(1, 2, 3))
    order, count = np.argsort(errors, kind="stable"), min(EXAMPLES, max(1, len(chosen) // 3))
    middle = (len(order) - count) // 2
    shown = as_displayed(run.task.visible(np.asarray(batch.input)))
    made, truth = (as_answer(recipe, batch.input, images) for images in (given, batch.target))
    names = [source.names[index] for index in chosen]

    def picture(images: Images, place: int, text: str) -> Markup:
        return inline_image(thumbnails(images[place][None], 2 * SIDE)[0], text, side=SIDE).html

    def group(title: str, caption: str, places: NDArray[np.int64]) -> Group:
        examples = [
            Example(
                given=picture(shown, place, f"Image {names[place]}"),
                made=picture(made, place, "The answer"),
                difference=picture(truth, place, "The truth"),
                name=names[place],
                notes=[f"MSE {errors[place]:.4f}"],
            )
            for place in places.tolist()
        ]
        return Group(title, caption, examples)

    return [
        group("Best", "The lowest errors.", order[:count]),
        group("Median", "Around the median.", order[middle : middle + count]),
        group("Worst", "The highest errors.", order[::-1][:count]),
    ]


def _example(seen: "Seen", index: int, given: NDArray[np.uint8], made: NDArray[np.uint8], full: int) -> Example:
    source, scores = seen.source, seen.scores
    name = source.names[index]
    if source.labels is not None:
        label = int(source.labels[index])
        of_class = source.class_names[label] if label < len(source.class_names) else str(label)
        name = name if name.startswith(f"{of_class}/") else f"{name}, class {of_class}"
    return Example(
        given=inline_image(given, f"Image {name}", side=SIDE).html,
        made=inline_image(made, "Its reconstruction", side=SIDE).html,
        difference=inline_image(difference_image(given, made, full), "The difference", side=SIDE).html,
        name=name,
        notes=[f"{scores.distortion[index]:,.1f} nats".replace("-", "−"), f"MSE {scores.squared_error[index]:.4f}"],
    )


def _both(run: Run, source: ImageSource, indices: NDArray[np.int64]) -> tuple[Images, Images]:
    """Images as the model takes them, and their reconstructions, small enough for a page."""
    images = source.read(indices)
    given = as_displayed(as_pixels(images, run.recipe.pixels))
    return thumbnails(given, 2 * SIDE), thumbnails(as_displayed(run.reconstruct(images)), 2 * SIDE)


def samples(run: Run, seen: "Seen | None" = None) -> list[Picture]:
    """New images, and a row for each class where codes tell classes apart."""
    seed = run.recipe.training.seed
    images = thumbnails(as_displayed(run.sample(SAMPLES, seed=seed)))
    figure = inline_figure(
        lambda theme: plots.samples(images, theme=theme), "samples", f"{SAMPLES} images that the model made up."
    )
    origin = (
        "Decoded from codes drawn from the prior"
        if run.latent.has_rate
        else "Decoded from codes drawn from the distribution fitted to the training codes"
    )
    drawn = [Picture(figure.html, figure.width, "At random", f"{origin}; none was chosen by hand.")]
    labels = _sampled_labels(run)
    if len(labels) < 2 or not _tells_classes(seen):
        return drawn
    each = int(np.clip(2 * len(labels), 5, 10))
    sheets = [run.sample(each, run.class_names[label], seed) for label in labels]
    by_class = thumbnails(as_displayed(np.concatenate(sheets)))
    figure = inline_figure(
        lambda theme: plots.samples(
            by_class, np.repeat(labels, each), class_names=run.class_names, columns=each, theme=theme
        ),
        "samples-by-class",
        f"{each} made-up images of each of {len(labels)} classes.",
    )
    rest = len(run.class_names) - len(labels)
    more = f" {rest} more classes are not shown." if rest else ""
    text = f"From the distribution that was fitted to the codes of each class.{more}"
    return [*drawn, Picture(figure.html, figure.width, "Class by class", text)]


def _tells_classes(seen: "Seen | None") -> bool:
    """Whether codes tell classes apart better than chance, as far as labelled images show."""
    if seen is None or seen.source.labels is None:
        return True
    codes, labels = seen.posterior["mean"][:CLASSIFIED].astype(np.float64), seen.source.labels[:CLASSIFIED]
    half = len(labels) // 2
    if half == 0:
        return True
    chance = float(np.bincount(labels[half:]).max()) / len(labels[half:])
    error = math.sqrt(chance * (1 - chance) / len(labels[half:]))
    return neighbour_accuracy(codes[:half], labels[:half], codes[half:], labels[half:]) > chance + 2 * error


def _sampled_labels(run: Run) -> list[int]:
    """The classes that can be sampled: those that some training image had."""
    labels = []
    for label, name in enumerate(run.class_names):
        try:
            run.sample_codes(1, name)
        except UsageError:
            continue
        labels.append(label)
        if len(labels) == MOST_CLASSES:
            break
    return labels
