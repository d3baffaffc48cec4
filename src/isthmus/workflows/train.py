"""Train a recipe on images, and leave a run folder that every other command can use."""

import os
import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.data.locations import remember_location
from isthmus.errors import RunError, TrainingError, UsageError
from isthmus.evaluation.measurements import Measurements
from isthmus.progress import tell
from isthmus.recipes import Recipe
from isthmus.runs import Run, folder
from isthmus.runs.lock import locked_run, new_run
from isthmus.runs.manifest import Manifest, TrainingEntry
from isthmus.training.backends import device_name, import_keras
from isthmus.training.film import Film
from isthmus.wording import spell_count, spell_seconds
from isthmus.workflows.choices import spell_choices
from isthmus.workflows.datasets import TrainingData, open_training_data
from isthmus.workflows.diagnosis import diagnose_quickly, spell_verdict
from isthmus.workflows.initial_weights import read_initial_weights, spell_misfit
from isthmus.workflows.provenance import data_entry, machine
from isthmus.workflows.resume import (
    backend_of,
    changed_fields,
    changed_images,
    recipe_to_resume,
    require_same,
    stored_preprocessing,
)
from isthmus.workflows.run_files import begin_run, finish_run
from isthmus.workflows.training_request import RUNS, TrainingRequest

if TYPE_CHECKING:
    import keras

    from isthmus.training.fit import EpochAction, Job


def train(request: TrainingRequest) -> Run:
    """Train, export, measure, and open the run.

    Raises:
        UsageError: If the call was wrong; nothing was written.
        IsthmusError: If something failed, by name; what was written is a run that says how far it came.
    """
    request.check()
    before = None
    with ExitStack() as held:
        if request.out is not None and request.resume:
            before = held.enter_context(locked_run(request.out))
            request = request.with_data_of(request.out, before)
        elif request.out is not None:
            held.enter_context(new_run(request.out))
        backend = backend_of(request.out, before, request.backend, request.device)
        data = _prepare(request, before)
        data.announce()
        place = request.out or held.enter_context(new_run(_default_place(data), numbered=True))
        return _train(request, before, backend, data, place)


def _train(request: TrainingRequest, before: Manifest | None, backend: str, data: TrainingData, place: Path) -> Run:
    """Train in a folder that this process holds."""
    import_keras(request.device)
    from isthmus.training.fit import Job, begin, fit

    custom = _custom_networks(request, before, data.recipe)
    if request.minutes is not None:
        data = _within_minutes(request.minutes, data, custom)
    if request.recipe is None and before is None:
        for line in spell_choices(data, request.purpose, request.minutes):
            tell(line)
    job = Job(
        recipe=data.recipe,
        train=data.train,
        validation=data.validation,
        folder=place,
        custom=custom,
        initial_weights=read_initial_weights(request.init_from) if request.init_from else None,
        resume=request.resume,
    )
    # What does not fit the images or the recipe, or cannot be resumed, is found before anything is written.
    try:
        begun = begin(job)
    except RunError as error:
        misfit = "" if request.init_from is None else spell_misfit(request.init_from, data, _named(data, request))
        if misfit:
            raise RunError(misfit) from error
        raise
    film = Film(job.folder / folder.PICTURES, data.test or data.train, job.recipe)

    so_far = _so_far(backend, before)
    writer = begin_run(job, data, so_far, before)
    finished = before is not None and bool(before.graphs)
    if not finished:  # a finished run stays as it is until all that replaces it is written
        writer.commit()
    assert request.data is not None
    remember_location(data.train.fingerprint, request.data, request.targets)
    job = replace(job, history=writer.place(folder.HISTORY))
    quoted = shlex.quote(str(place))
    with _stopped(f"the training so far is stored in {place}. To continue: isthmus train --out {quoted} --resume"):
        try:
            fitted = fit(job, (film, *_loggers(request, job, film)), begun)
        except TrainingError:
            if not finished:
                writer.update(state="failed")
                writer.commit()
            raise
        film.finish()
        state = fitted.state
        writer.update(
            state=fitted.outcome,
            training=so_far.model_copy(
                update={
                    "seconds": round(state.seconds, 3),
                    "epochs": state.epoch,
                    "steps": state.step,
                    "best_epoch": state.best_epoch,
                    "message": state.message,
                }
            ),
        )
        measured = finish_run(writer, data, fitted)
    with _stopped(f"the run is stored in {place}, without a report. To make it: isthmus report {quoted}"):
        _report(measured, data, request)
    return measured.run


def _within_minutes(
    minutes: float, data: TrainingData, custom: "tuple[keras.Model, keras.Model] | None"
) -> TrainingData:
    """The data, with a recipe whose steps fit into this number of minutes here."""
    from isthmus.training.budget import within_time
    from isthmus.training.rehearsal import rehearse

    measured = rehearse(data.recipe, data.train, data.validation, custom)
    recipe = within_time(data.recipe, 60.0 * minutes, measured)
    steps = recipe.training.epochs * recipe.training.epoch_steps(len(data.train))
    time = spell_seconds(60.0 * minutes)
    tell(f"{spell_seconds(measured.seconds_per_step)} a step: {spell_count(steps, 'step')} in {time}")
    return replace(data, recipe=recipe)


@contextmanager
def _stopped(note: str) -> Iterator[None]:
    """Let Ctrl-C say what is stored, and how to continue."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped: {note}") from None


def _prepare(request: TrainingRequest, before: Manifest | None) -> TrainingData:
    """Open the data and settle the recipe; a resumed run has both already."""
    assert request.data is not None
    recipe, preprocessing = request.recipe, request.image_options
    if before is None or request.out is None:
        return open_training_data(
            request.data, recipe, request.changes, preprocessing, request.targets, request.purpose
        )
    old = recipe_to_resume(request.out, before)
    if isinstance(recipe, str) and recipe == old.name:
        recipe = old  # the recipe of that name, as it was fitted to the images
    stored = stored_preprocessing(request.out, before, preprocessing)
    data = open_training_data(request.data, recipe or old, request.changes, stored, request.targets)
    require_same(request.out, "by another recipe", changed_fields(old, data.recipe))
    given = changed_images(before.data, data_entry(data), conditional=old.condition.is_given)
    require_same(request.out, "with other images", given)
    return data


def _custom_networks(
    request: TrainingRequest, before: Manifest | None, recipe: Recipe
) -> "tuple[keras.Model, keras.Model] | None":
    """The custom networks that were given, or those of the run to resume or to start from; None for a recipe's own.

    Raises:
        UsageError: If the recipe has another network.
        TrustError: If they are a run's, and were not trusted.
    """
    kind = recipe.network.kind
    if request.custom is not None:
        if kind != "custom":
            raise UsageError(
                f"expected network.kind=custom, for the encoder and the decoder that were given; got {kind!r}"
            )
        return request.custom
    for place in (request.out if before else None, request.init_from):
        if place is None:
            continue
        manifest = folder.read_manifest(place)
        if folder.CUSTOM_ENCODER not in manifest.files:
            continue
        if kind != "custom":
            raise UsageError(
                f"{place} has a custom network, whose weights do not fit network.kind={kind}. "
                "To train its network, add --set network=custom --trust; else leave --init-from out."
            )
        from isthmus.training.custom import load_custom

        return load_custom(place, manifest, request.trust)
    return None


def _default_place(data: TrainingData) -> Path:
    """`DATA-RECIPE` among the runs."""
    stem = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in Path(data.name).name)
    return RUNS / f"{stem}-{data.recipe.name}"


def _so_far(backend: str, before: Manifest | None) -> TrainingEntry:
    """How far the training had come before it is resumed here."""
    here = {"backend": backend, "device": device_name(), "machine": machine()}
    if before is not None and before.training is not None:
        return before.training.model_copy(update={**here, "message": ""})
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return TrainingEntry(**here, started=now, seconds=0.0, epochs=0, steps=0, best_epoch=0)


def _loggers(request: TrainingRequest, job: "Job", film: Film) -> "tuple[EpochAction, ...]":
    if not request.tensorboard:
        return ()
    from isthmus.training.tensorboard import TensorBoardLog

    return (TensorBoardLog(job.folder / folder.TENSORBOARD, lambda: film.frame),)


def _named(data: TrainingData, request: TrainingRequest) -> str:
    """The images, as a command names them."""
    return str(request.data) if isinstance(request.data, str | os.PathLike) else data.name


def _report(measured: Measurements, data: TrainingData, request: TrainingRequest) -> None:
    """Print the verdict on the run, and make its report; if something fails here, the run is complete all the same."""
    from isthmus.workflows.report import write_report

    run = measured.run
    try:
        diagnosis = diagnose_quickly(run, measured)
        named = _named(data, request)
        targets = str(request.targets) if isinstance(request.targets, str | os.PathLike) else None
        for line in spell_verdict(diagnosis, run, named, targets):
            tell(line)
        if request.report:
            write_report(run, diagnosis=diagnosis)
    except Exception as error:
        tell(f"The run is complete, but its report failed: {error}. `isthmus report {run.path}` tries again.")
