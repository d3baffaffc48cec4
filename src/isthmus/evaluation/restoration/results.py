"""A run and the methods that need no learning, on the same pictures spoilt in the same way."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from isthmus.data import ImageSource, make_batch, select, task_of
from isthmus.errors import UsageError
from isthmus.evaluation.restoration import baselines
from isthmus.evaluation.restoration.baselines import Method, best_labelling
from isthmus.evaluation.restoration.metrics import Figures, Judge, Pixels, Posed, judge_of
from isthmus.evaluation.restoration.strengths import Choice, best_strength
from isthmus.evaluation.table import Row, Section, mean_row
from isthmus.progress import progress_bar
from isthmus.runs import Run

TITLE = "Restoration"
EVALUATED, EVALUATED_SLOWLY = 1_000, 100
"""Images at most; the good filters against noise take a second each."""
TUNED_ON, TUNED_ON_SLOWLY = 40, 10
"""Other images, on which the best strength of each method is chosen; fewer for methods that take seconds for each."""
AVERAGED = 5_000
"""Training images of which the mean colour is taken."""
_STREAM = 0x636F6E74
STRENGTHS: Mapping[str, str] = {"denoise": "strength", "inpaint": "share", "deblur": "radius"}
"""Which field says how hard a task is."""


def evaluate_restoration(
    run: Run, test: ImageSource, train: ImageSource | None, seed: int = 0, strength: float | None = None
) -> Section:
    """Restore test images, and have other methods restore them too.

    Args:
        run: A run of any task but to reconstruct.
        test: Held-out images of the run's source.
        train: Images that it learned from, on some of which the other methods' strengths are chosen and from the others
            of which they know what images are like; without them, strengths are chosen on the test images themselves,
            in the methods' favour, and no method takes pixels from other images.
        seed: Of what spoils the images.
        strength: How hard to make the task, where it has a strength, instead of what the run's recipe says.

    Raises:
        UsageError: If a strength is given for a task that has none, or one that cannot be.
    """
    fields = _at_strength(run, strength)
    pose = _poser(run, fields, seed)
    rng = np.random.default_rng([seed, _STREAM])
    questions = pose(_some(test, EVALUATED_SLOWLY if fields.kind == "denoise" else EVALUATED, rng))
    known = test if train is None else train
    apart, others = _set_apart(known, rng)
    tuning = pose(apart)
    beside = _methods(run, known, None if train is None else others)
    judge = judge_of(fields)
    figures = {"run": judge.compare(questions, _answers(run, questions))}
    names, choices = {"run": f"{run.recipe.name}"}, []
    with progress_bar("restoring by other methods", len(beside)) as bar:
        for done, method in enumerate(beside):
            asked = tuning.some(TUNED_ON_SLOWLY if method.slow else TUNED_ON)
            choice = best_strength(method, _merit(method, asked, judge))
            given = _settled(method.solve(questions.seen, choice.strength), questions, run)
            figures[method.key] = judge.compare(questions, given)
            names[method.key] = method.name
            if method.is_tuned:
                choices.append((method, choice))
                names[method.key] += f" ({choice.strength:.3g} {method.unit})"
            bar.update(done + 1)
    note = f"{_what_was_done(fields, questions)} {_how_chosen(choices, tuning, train)}".rstrip()
    return Section("restoration", TITLE, tuple(_rows(figures, names, judge)), note)


def judge_run(run: Run, test: ImageSource, seed: int = 0) -> tuple[Judge, Figures]:
    """Restore test images, and judge each prediction: by what, and the metrics by key, `(n,)`.

    The images and what corrupts them follow from the seed, so the metrics of two runs of one task are paired.
    """
    fields = run.recipe.task
    questions = _poser(run, fields, seed)(_some(test, EVALUATED, np.random.default_rng([seed, _STREAM])))
    judge = judge_of(fields)
    return judge, judge.compare(questions, _answers(run, questions))


def _at_strength(run: Run, strength: float | None) -> Any:
    fields = run.recipe.task
    if strength is None:
        return fields
    name = STRENGTHS.get(fields.kind)
    if name is None:
        raise UsageError(f"--strength is for {', '.join(STRENGTHS)}; the task of {run.path} is {fields.kind!r}")
    if not 0.0 < strength <= (16.0 if name == "radius" else 1.0):
        raise UsageError(f"expected a strength above 0 and up to {16 if name == 'radius' else 1}; got {strength:g}")
    return fields.model_copy(update={name: (strength, strength)})


def _poser(run: Run, fields: Any, seed: int) -> Callable[[ImageSource], Posed]:
    task = task_of(fields)

    def pose(source: ImageSource) -> Posed:
        images = np.asarray(source.read(np.arange(len(source))), np.uint8)
        batch = make_batch(images, fields, seed)
        seen, target = np.asarray(batch.input, np.uint8), np.asarray(batch.target, np.uint8)
        return Posed(seen, task.truth(images, seen, target))

    return pose


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


def _answers(run: Run, questions: Posed) -> Pixels:
    given = np.asarray(run.reconstruct(questions.seen), np.uint8)
    return run.task.finish(questions.seen, given)


def _methods(run: Run, known: ImageSource, others: ImageSource | None) -> list[Method]:
    """What stands beside the run: it may take colours from what is `known`, and pixels from `others` alone, if any."""
    fields = run.recipe.task
    match fields.kind:
        case "denoise":
            return baselines.denoising()
        case "deblur":
            return baselines.sharpening()
        case "super-resolve":
            return baselines.enlarging()
        case "colourise":
            some = known.read(np.linspace(0, len(known) - 1, min(AVERAGED, len(known))).astype(np.int64))
            return baselines.colouring(np.asarray(some[..., :3], np.uint8))
        case "inpaint":
            return baselines.filling(others)
        case "segment":
            return baselines.segmenting(len(run.task.class_values))
    return [baselines.untouched()] if run.image == run.target else []


def _merit(method: Method, questions: Posed, judge: Judge) -> Callable[[float], float]:
    return lambda strength: judge.merit(judge.compare(questions, method.solve(questions.seen, strength)))


def _settled(given: Pixels, questions: Posed, run: Run) -> Pixels:
    if not run.task.class_values:
        return given
    return np.stack(best_labelling(given, questions.truth, len(run.task.class_values)))


def _rows(figures: Mapping[str, Figures], names: Mapping[str, str], judge: Judge) -> list[Row]:
    rows = []
    for measure in judge.measures:
        for key, found in figures.items():
            if measure.key in found:
                prefix, name = ("", measure.name) if key == "run" else (f"{key}_", f"{names[key]}: {measure.name}")
                whose = "of the run's answers" if key == "run" else f"of {names[key]}"
                rows.append(
                    mean_row(
                        f"{prefix}{measure.key}", name, found[measure.key], measure.unit, f"{measure.meaning}, {whose}."
                    )
                )
    rivals = [key for key in figures if key != "run"]
    if rivals:
        first, best = judge.first, max(rivals, key=lambda key: judge.merit(figures[key]))
        gain = figures["run"][first.key] - figures[best][first.key]
        meaning = f"The run's {first.name} less that of {names[best]}, the best beside it, image by image."
        rows.append(mean_row("gain", f"gain in {first.name}", gain, first.unit, meaning))
    return rows


def _what_was_done(fields: Any, questions: Posed) -> str:
    name = STRENGTHS.get(fields.kind)
    hard = ""
    if name is not None:
        low, high = getattr(fields, name)
        hard = f", {name} {low:g}" if low == high else f", {name} {low:g} to {high:g}"
    of_noise = f" ({fields.noise})" if fields.kind == "denoise" else ""
    text = f"{fields.kind.capitalize()}{of_noise}{hard}: {len(questions.seen)} images."
    if fields.has_masks:
        text += " Regions of the other methods are given the classes that suit them best, which favours them."
    return text


def _how_chosen(choices: Sequence[tuple[Method, Choice]], tuning: Posed, train: ImageSource | None) -> str:
    """What has to be said of the other methods' strengths; nothing where none has any."""
    if not choices:
        return ""
    whose = "of the test images themselves" if train is None else "training images"
    slow = [method.name for method, _ in choices if method.slow]
    fewer = f" ({', '.join(slow)}: on {min(TUNED_ON_SLOWLY, len(tuning.seen))} of them)" if slow else ""
    text = f"The strengths of the other methods are the best on {len(tuning.seen)} {whose}{fewer}."
    at_end = [f"{method.name} ({choice.strength:g})" for method, choice in choices if choice.at_end]
    if at_end:
        text += f" At the end of what was tried, so that another may suit better: {', '.join(at_end)}."
    return text
