"""Compare runs on the same images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data import Data, chosen_batch, content_order, select, spread
from isthmus.errors import DataError, UsageError
from isthmus.evaluation.comparison import ComparedRow, Comparison
from isthmus.evaluation.reconstruction import measure_reconstruction
from isthmus.evaluation.restoration import measure_restoration
from isthmus.evaluation.table import finite
from isthmus.plots.display import as_prediction
from isthmus.plots.sheets import tile
from isthmus.runs import Run
from isthmus.scores import gather_evidence, measure_for
from isthmus.units import Estimate
from isthmus.wording import spell_count
from isthmus.workflows.datasets import HeldOut, open_held_out
from isthmus.workflows.evaluation import DEFAULT_DRAWS, EvaluationRequest, evaluate

PARTS_BESIDE = ("latent", "representation", "disentanglement", "samples")
"""What is set side by side as `evaluate` gives it; the rest is measured image by image."""
SHOWN = 12

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Metric:
    """A metric of one run, image by image, `(n,)`, and what it measures: only equal measures have a difference."""

    part: str
    name: str
    unit: str
    meaning: str
    values: FloatArray
    counts: tuple[Any, ...]


def compare(
    runs: Sequence[Run],
    data: Data | None = None,
    importance_samples: int = DEFAULT_DRAWS,
    seed: int = 0,
    targets: Data | None = None,
) -> Comparison:
    """Set runs side by side, on the same images with the same seeds.

    Args:
        runs: Two or more.
        data: Images; None for the held-out images of the runs' own data.
        importance_samples: Draws of each image's posterior for the likelihood, K.
        seed: Seed for every draw and choice.
        targets: The targets, where the runs' task has them in files of their own; see `isthmus.train`.

    Raises:
        UsageError: If fewer than two runs are given, some restore and others do not, or there is no such data.
        DataError: If the images cannot be found, or are not the same for every run.
        RunError: If a run is damaged.
    """
    if len(runs) < 2:
        raise UsageError(f"expected two runs or more to compare; got {len(runs)}")
    if len({run.recipe.task.kind for run in runs}) > 1:
        tasks = ", ".join(f"{run.path.name!r} has {run.recipe.task.kind!r}" for run in runs)
        raise UsageError(f"expected runs of one task; {tasks}. Compare runs of the same task")
    found = [open_held_out(run, data, targets=targets) for run in runs]
    _check_same_images(runs, found)
    # One order for all: as floats the same images have other digests.
    order = content_order(found[0].images, seed)
    found = [replace(held, images=select(held.images, order)) for held in found]
    by_image = [_metrics(run, held, importance_samples, seed) for run, held in zip(runs, found, strict=True)]
    rows = [_paired_row(key, [metrics.get(key) for metrics in by_image]) for key in _all_keys(by_image)]
    parts = () if runs[0].restores else PARTS_BESIDE
    request = EvaluationRequest(importance_samples, seed, parts)
    evaluations = [evaluate(run, data, request) for run in runs if parts]
    for part in parts:
        tables = [{row.key: row for row in evaluation[part].rows} for evaluation in evaluations]
        for key in _all_keys(tables):
            some = next(table[key] for table in tables if key in table)
            rows.append(
                ComparedRow(
                    part,
                    key,
                    some.name,
                    some.unit if all(table.get(key, some).unit == some.unit for table in tables) else "",
                    tuple(table[key].value if key in table else None for table in tables),
                    tuple(table[key].standard_error if key in table else None for table in tables),
                    differences=(None,) * len(runs),
                    difference_errors=(None,) * len(runs),
                    meaning=some.meaning,
                )
            )
    return Comparison(
        runs=tuple(run.path.name for run in runs),
        recipes=tuple(run.recipe.name for run in runs),
        data=found[0].name,
        split=found[0].split,
        images=len(found[0].images),
        rows=tuple(rows),
        notes=_notes(runs, found, by_image),
        sheet=_sheet(runs, found),
    )


def _check_same_images(runs: Sequence[Run], found: Sequence[HeldOut]) -> None:
    first = found[0]
    for run, held in zip(runs[1:], found[1:], strict=True):
        alike = (
            held.images.fingerprint == first.images.fingerprint
            if held.images.spec == first.images.spec
            # The same images as floats have another fingerprint.
            else held.images.spec.shape == first.images.spec.shape
            and (held.name, held.split, len(held.images)) == (first.name, first.split, len(first.images))
        )
        if not alike:
            raise DataError(
                f"runs {runs[0].path.name!r} and {run.path.name!r} cannot be compared: what is new to the one are "
                f"{spell_count(len(first.images), 'image')} of {first.name!r} ({first.images.spec}), to the other "
                f"{len(held.images):,} of {held.name!r} ({held.images.spec}). Name images that are new to both"
            )


def _metrics(run: Run, held: HeldOut, draws: int, seed: int) -> dict[str, _Metric]:
    if run.restores:
        return _task_metrics(run, held, seed)
    measure = measure_for(run, held.images)
    pixels = (run.recipe.pixels.binarise, run.recipe.pixels.threshold)
    metrics: dict[str, _Metric] = {}
    if measure.is_likelihood:
        evidence = gather_evidence(run, held.images, measure, draws, seed)
        for key, name, values, meaning in (
            ("elbo_nats", "ELBO", evidence.elbo, "A lower bound on the log-probability of an image."),
            (
                "log_likelihood_nats",
                f"log-likelihood, K = {draws}",
                evidence.log_likelihood,
                f"A tighter bound, by {draws} importance-weighted draws (Burda et al. 2016).",
            ),
            ("rate_nats", "rate", evidence.rate, "What the code costs."),
            ("distortion_nats", "distortion", evidence.distortion, "What the pixels cost once the code is known."),
        ):
            metrics[key] = _Metric("likelihood", name, "nats", meaning, values, (measure.kind == "density", *pixels))
    rebuilt = measure_reconstruction(run, held.images, seed).run
    part, meaning = "reconstruction", "Of the posterior mean's reconstruction"
    metrics["mse"] = _Metric(part, "MSE", "", f"{meaning}: mean squared error.", rebuilt.mse, pixels)
    metrics["psnr_db"] = _Metric(part, "PSNR", "dB", f"{meaning}: peak signal-to-noise ratio.", rebuilt.psnr, pixels)
    if not np.isnan(rebuilt.ssim).any():
        metrics["ssim"] = _Metric(part, "SSIM", "", f"{meaning}: structural similarity.", rebuilt.ssim, pixels)
    return metrics


def _task_metrics(run: Run, held: HeldOut, seed: int) -> dict[str, _Metric]:
    """The metrics of a run that restores; those of another strength are of other inputs, and have no difference."""
    task_metrics, values = measure_restoration(run, held.images, seed)
    task = (run.recipe.task.model_dump_json(),)
    return {
        metric.key: _Metric("restoration", metric.name, metric.unit, f"{metric.meaning}.", values[metric.key], task)
        for metric in task_metrics.listed
        if metric.key in values
    }


def _paired_row(key: str, metrics: Sequence[_Metric | None]) -> ComparedRow:
    some = next(metric for metric in metrics if metric is not None)
    estimates = [None if metric is None else Estimate.of(metric.values) for metric in metrics]
    first = metrics[0]
    differences = [
        None
        if i == 0 or first is None or metric is None or metric.counts != first.counts
        else Estimate.of(metric.values - first.values)
        for i, metric in enumerate(metrics)
    ]
    return ComparedRow(
        some.part,
        key,
        some.name,
        some.unit,
        tuple(None if estimate is None else estimate.mean for estimate in estimates),
        tuple(None if estimate is None else finite(estimate.standard_error) for estimate in estimates),
        tuple(None if difference is None else difference.mean for difference in differences),
        tuple(None if difference is None else finite(difference.standard_error) for difference in differences),
        some.meaning,
    )


def _notes(runs: Sequence[Run], found: Sequence[HeldOut], by_image: Sequence[Mapping[str, _Metric]]) -> tuple[str, ...]:
    if runs[0].restores:
        tasks = {run.recipe.task for run in runs}
        return () if len(tasks) == 1 else ("The tasks differ in their settings, so their metrics cannot be set off.",)
    notes = []
    for run, held, metrics in zip(runs, found, by_image, strict=True):
        if "elbo_nats" not in metrics:
            notes.append(f"{run.path.name}: {measure_for(run, held.images).explanation}")
    counts = {metrics["elbo_nats"].counts for metrics in by_image if "elbo_nats" in metrics}
    if len(counts) > 1:
        notes.append("The runs count pixels differently (grey, or black and white), so their nats cannot be set off.")
    elif len({metrics["mse"].counts for metrics in by_image}) > 1:
        notes.append("Some runs make pixels black or white and some do not, so their errors cannot be set off.")
    return tuple(notes)


def _sheet(runs: Sequence[Run], found: Sequence[HeldOut]) -> NDArray[np.uint8]:
    chosen = spread(len(found[0].images), SHOWN)
    rows: list[NDArray[np.uint8]] = []
    for run, held in zip(runs, found, strict=True):
        batch = chosen_batch(held.images, chosen, run.recipe)
        if not rows:
            rows.append(as_prediction(run.recipe, batch.input, batch.target))
        rows.append(as_prediction(run.recipe, batch.input, run.reconstruct(batch.input, labels=batch.condition)))
    return tile(np.concatenate(rows), columns=len(chosen))


def _all_keys(tables: Sequence[Mapping[str, Any]]) -> list[str]:
    """The keys of all tables, in the order in which they are first met."""
    return list(dict.fromkeys(key for table in tables for key in table))
