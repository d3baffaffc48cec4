"""A run that restores images beside baselines that need no training, on the same corrupted images."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from isthmus.data import ImageSource, Task, make_batch, select, task_of
from isthmus.errors import UsageError
from isthmus.evaluation.restoration.baselines import BASELINES, SLOW, Baseline, Known, best_labelling
from isthmus.evaluation.restoration.metrics import Examples, Pixels, TaskMetrics, Values, metrics_of
from isthmus.evaluation.restoration.strengths import Choice, best_strength
from isthmus.evaluation.table import Row, Section, mean_row
from isthmus.progress import progress_bar
from isthmus.recipes import TaskFields
from isthmus.runs import Run
from isthmus.wording import spell_count

TITLE = "Restoration"
EVALUATED, EVALUATED_SLOWLY = 1_000, 100
"""Images at most; fewer where baselines take a second for each."""
TUNED_ON, TUNED_ON_SLOWLY = 40, 10
"""Other images, on which the strength of each baseline is chosen; fewer for baselines that take seconds an image."""
_STREAM = 0x636F6E74


def evaluate_restoration(
    run: Run, test: ImageSource, train: ImageSource | None, seed: int = 0, strength: float | None = None
) -> Section:
    """Restore test images, by the run and by baselines.

    Args:
        run: A run of any task but to reconstruct.
        test: Held-out images of the run's source.
        train: Training images.  The strengths of baselines are chosen on some of them; from the others, baselines may
            take pixels.  Without training images, strengths are chosen on the test images, in the baselines' favour,
            and no baseline takes pixels from other images.
        seed: Seed for the choice of images and for their corruption.
        strength: How strongly to corrupt images, where the task has a strength; by default as the run's recipe says.

    Raises:
        UsageError: If a strength is given for a task that has none, or it is out of range.
    """
    fields = _at_strength(run, strength)
    make = _example_maker(fields, seed)
    rng = np.random.default_rng([seed, _STREAM])
    examples = make(_some(test, EVALUATED_SLOWLY if run.task.baselines in SLOW else EVALUATED, rng))
    known = test if train is None else train
    apart, others = _set_apart(known, rng)
    tuning = make(apart)
    beside = _baselines(run, known, None if train is None else others)
    metrics = metrics_of(run.task)
    values = {"run": metrics.compare(examples, _predictions(run, examples))}
    names, choices = {"run": f"{run.recipe.name}"}, []
    with progress_bar("restoring by baselines", len(beside)) as bar:
        for done, baseline in enumerate(beside):
            asked = tuning.some(TUNED_ON_SLOWLY if baseline.slow else TUNED_ON)
            choice = best_strength(baseline, _merit(baseline, asked, metrics))
            prediction = _labelled(baseline.solve(examples.input, choice.strength), examples, run)
            values[baseline.key] = metrics.compare(examples, prediction)
            names[baseline.key] = baseline.name
            if baseline.is_tuned:
                choices.append((baseline, choice))
                names[baseline.key] += f" ({baseline.setting.format(choice.strength)})"
            bar.update(done + 1)
    note = f"{_what_was_done(run.task, fields, examples)} {_how_chosen(choices, tuning, train)}".rstrip()
    return Section("restoration", TITLE, tuple(_rows(values, names, metrics)), note)


def measure_restoration(run: Run, test: ImageSource, seed: int = 0) -> tuple[TaskMetrics, Values]:
    """Restore test images, and compute the metrics of each prediction: the metrics, and their values by key, `(n,)`.

    The images and their corruption follow from the seed, so the metrics of two runs of one task are paired.
    """
    examples = _example_maker(run.recipe.task, seed)(_some(test, EVALUATED, np.random.default_rng([seed, _STREAM])))
    metrics = metrics_of(run.task)
    return metrics, metrics.compare(examples, _predictions(run, examples))


def _at_strength(run: Run, strength: float | None) -> TaskFields:
    fields, task = run.recipe.task, run.task
    if strength is None:
        return fields
    if not task.strength_field:
        raise UsageError(f"--strength is for tasks that have one; the task of {run.path} is {fields.kind!r}")
    if not 0.0 < strength <= task.strongest:
        raise UsageError(f"expected a strength above 0 and up to {task.strongest:g}; got {strength:g}")
    return fields.model_copy(update={task.strength_field: (strength, strength)})


def _example_maker(fields: TaskFields, seed: int) -> Callable[[ImageSource], Examples]:
    task = task_of(fields)

    def make(source: ImageSource) -> Examples:
        images = np.asarray(source.read(np.arange(len(source))), np.uint8)
        batch = make_batch(images, fields, seed)
        inputs, targets = np.asarray(batch.input, np.uint8), np.asarray(batch.target, np.uint8)
        return Examples(inputs, task.truth(images, inputs, targets))

    return make


def _some(source: ImageSource, most: int, rng: np.random.Generator) -> ImageSource:
    if len(source) <= most:
        return source
    return select(source, np.sort(rng.choice(len(source), most, replace=False)))


def _set_apart(source: ImageSource, rng: np.random.Generator) -> tuple[ImageSource, ImageSource]:
    """Images to choose strengths on, at most half of all, and the others: none may be among its own neighbours."""
    count = min(TUNED_ON, (len(source) + 1) // 2)
    chosen = np.zeros(len(source), bool)
    chosen[rng.choice(len(source), count, replace=False)] = True
    return select(source, np.flatnonzero(chosen)), select(source, np.flatnonzero(~chosen))


def _predictions(run: Run, examples: Examples) -> Pixels:
    prediction = np.asarray(run.reconstruct(examples.input), np.uint8)
    return run.task.finish(examples.input, prediction)


def _baselines(run: Run, known: ImageSource, others: ImageSource | None) -> list[Baseline]:
    """The baselines of a task, which may take colours from `known` images, and pixels only from `others`, if any."""
    classes = len(run.task.class_values)
    return BASELINES[run.task.baselines](Known(run.image == run.target, classes, known, others))


def _merit(baseline: Baseline, examples: Examples, metrics: TaskMetrics) -> Callable[[float], float]:
    return lambda strength: metrics.merit(metrics.compare(examples, baseline.solve(examples.input, strength)))


def _labelled(prediction: Pixels, examples: Examples, run: Run) -> Pixels:
    if not run.task.class_values:
        return prediction
    return np.stack(best_labelling(prediction, examples.target, len(run.task.class_values)))


def _rows(values: Mapping[str, Values], names: Mapping[str, str], metrics: TaskMetrics) -> list[Row]:
    rows = []
    for metric in metrics.listed:
        for key, found in values.items():
            if metric.key in found:
                prefix, name = ("", metric.name) if key == "run" else (f"{key}_", f"{names[key]}: {metric.name}")
                whose = "of the run's predictions" if key == "run" else f"of {names[key]}"
                rows.append(
                    mean_row(
                        f"{prefix}{metric.key}", name, found[metric.key], metric.unit, f"{metric.meaning} {whose}."
                    )
                )
    beside = [key for key in values if key != "run"]
    if beside:
        first, best = metrics.first, max(beside, key=lambda key: metrics.merit(values[key]))
        gain = values["run"][first.key] - values[best][first.key]
        meaning = f"The run's {first.name} less that of {names[best]}, the best beside it, image by image."
        rows.append(mean_row("gain", f"gain in {first.name}", gain, first.unit, meaning))
    return rows


def _what_was_done(task: Task, fields: TaskFields, examples: Examples) -> str:
    text = fields.kind.capitalize()
    if task.variant:
        text += f" ({task.variant})"
    if name := task.strength_field:
        low, high = getattr(fields, name)
        text += f", {name} {low:g}" if low == high else f", {name} {low:g} to {high:g}"
    text += f": {spell_count(len(examples.input), 'image')}."
    if task.class_values:
        text += " Regions of the baselines are given the classes that suit them best, which favours them."
    return text


def _how_chosen(choices: Sequence[tuple[Baseline, Choice]], tuning: Examples, train: ImageSource | None) -> str:
    """How the strengths of the baselines were chosen, in words; nothing where none has any."""
    if not choices:
        return ""
    whose = "of the test images themselves" if train is None else "training images"
    slow = [baseline.name for baseline, _ in choices if baseline.slow]
    fewer = f" ({', '.join(slow)}: on {min(TUNED_ON_SLOWLY, len(tuning.input))} of them)" if slow else ""
    text = f"The strengths of the baselines are the best on {len(tuning.input)} {whose}{fewer}."
    at_end = [f"{baseline.name} ({choice.strength:g})" for baseline, choice in choices if choice.at_end]
    if at_end:
        text += f" At the end of the range that was tried, so that another may be better: {', '.join(at_end)}."
    return text
