"""Train a recipe on images, and leave a run folder that every other command can use."""

import json
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from isthmus.data import Data, ImageOptions, ImageSource, make_batch, select
from isthmus.data.locations import remember_location, require_apart
from isthmus.errors import RunError, TrainingError, UsageError
from isthmus.probability import latent_of
from isthmus.probability.densities import fit_density, typical
from isthmus.progress import tell
from isthmus.recipes import Recipe
from isthmus.runs import Run, encode, folder, load
from isthmus.runs.lock import locked_run, new_run
from isthmus.runs.manifest import Manifest, TrainingEntry
from isthmus.runs.run import TYPICAL
from isthmus.runs.writer import RunWriter
from isthmus.training.backends import device_name, import_keras, require_tensorboard
from isthmus.training.film import Film
from isthmus.workflows.datasets import TrainingData, open_held_out, open_training_data
from isthmus.workflows.metrics import measure, to_json
from isthmus.workflows.provenance import data_entry, first_manifest, location_of, machine
from isthmus.workflows.resuming import (
    backend_of,
    changed_fields,
    changed_images,
    kept_preprocessing,
    recipe_to_resume,
    require_same,
)

if TYPE_CHECKING:
    import keras

    from isthmus.training.fit import EpochAction, Fitted, Job

CODES_FITTED = 20_000
"""Training images whose codes the sampling distributions are fitted to, at most."""
RUNS = Path("runs")
"""Where runs go without --out."""


@dataclass(frozen=True)
class Request:
    """What a training is asked for; `isthmus.train` explains each."""

    data: Data | None
    recipe: Recipe | str | None = None
    targets: Data | None = None
    out: Path | None = None
    changes: Mapping[str, Any] | None = None
    custom: "tuple[keras.Model, keras.Model] | None" = None
    init_from: Path | None = None
    resume: bool = False
    trust: bool = False
    backend: str | None = None
    device: str | None = None
    image_options: ImageOptions | None = None
    report: bool = True
    tensorboard: bool = False


def train(request: Request) -> Run:
    """Train, export, measure, and open the run.

    Raises:
        UsageError: If the call was wrong; nothing was written.
        IsthmusError: If something failed, by name; what was written is a run that says how far it came.
    """
    _check(request)
    before = None
    with ExitStack() as held:
        if request.out is not None and request.resume:
            before = held.enter_context(locked_run(request.out))
            request = _with_own_images(request, request.out, before)
        elif request.out is not None:
            held.enter_context(new_run(request.out))
        backend = backend_of(request.out, before, request.backend, request.device)
        prepared = _prepare(request, before)
        prepared.announce()
        place = request.out or held.enter_context(new_run(_default_place(prepared), numbered=True))
        return _train(request, before, backend, prepared, place)


def _train(request: Request, before: Manifest | None, backend: str, prepared: TrainingData, place: Path) -> Run:
    """Train in a folder that this process holds."""
    import_keras(request.device)
    from isthmus.training.fit import Job, begin, fit

    job = Job(
        recipe=prepared.recipe,
        train=prepared.train,
        validation=prepared.validation,
        folder=place,
        custom=_custom_networks(request, before, prepared.recipe),
        initial_weights=_initial_weights(request.init_from) if request.init_from else None,
        resume=request.resume,
    )
    # What does not fit the images or the recipe, or cannot be resumed, is found before anything is written.
    begun = begin(job)
    film = Film(job.folder / folder.PICTURES, prepared.test or prepared.train, job.recipe)

    so_far = _so_far(backend, before)
    writer = _begin(job, prepared, so_far, before)
    finished = before is not None and bool(before.graphs)
    if not finished:  # a finished run stays as it is until all that replaces it is written
        writer.commit()
    assert request.data is not None
    remember_location(prepared.train.fingerprint, request.data, request.targets)
    job = replace(job, history=writer.place(folder.HISTORY))
    quoted = shlex.quote(str(place))
    with _stopped(
        f"the training so far is stored in {place}. To continue: the same command with --resume --out {quoted}"
    ):
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
        run = _finish(writer, prepared, fitted)
    with _stopped(f"the run is stored in {place}, without a report. To make it: isthmus report {quoted}"):
        _examine(run, prepared, request)
    return run


@contextmanager
def _stopped(note: str) -> Iterator[None]:
    """Let Ctrl-C say what is stored, and how to continue."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped: {note}") from None


def _check(request: Request) -> None:
    if request.resume and request.init_from is not None:
        raise UsageError("--resume continues a run, and --init-from starts a new one: give one of them.")
    if request.resume and request.out is None:
        raise UsageError("--resume needs --out: the run to resume.")
    if request.data is None and not request.resume:
        raise UsageError("expected DATA, the images to train on; only --resume --out RUN finds those of the run.")
    require_apart(request.out or RUNS, request.data, request.targets)
    if request.tensorboard:
        require_tensorboard()


def _with_own_images(request: Request, place: Path, before: Manifest) -> Request:
    """A request to resume, with the images and the targets of the training before, unless others are given."""
    known = location_of(before.data)
    if request.data is None and known is None:
        raise UsageError(
            f"{place} was trained on {before.data.name!r}, which is neither a named data set nor images that this "
            f"machine remembers. Name them: isthmus train DATA --out {shlex.quote(str(place))} --resume"
        )
    if known is None:
        return request
    return replace(
        request,
        data=known.data if request.data is None else request.data,
        targets=known.targets if request.targets is None else request.targets,
    )


def _prepare(request: Request, before: Manifest | None) -> TrainingData:
    """Open the data and settle the recipe; a resumed run has both already."""
    assert request.data is not None
    if before is None:
        return open_training_data(
            request.data, request.recipe, request.changes or {}, request.image_options, request.targets
        )
    assert request.out is not None
    old = recipe_to_resume(request.out, before)
    preprocessing = kept_preprocessing(request.out, before, request.image_options)
    prepared = open_training_data(
        request.data, request.recipe or old, request.changes or {}, preprocessing, request.targets
    )
    require_same(request.out, "by another recipe", changed_fields(old, prepared.recipe))
    require_same(request.out, "with other images", changed_images(before.data, data_entry(prepared)))
    return prepared


def _custom_networks(
    request: Request, before: Manifest | None, recipe: Recipe
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


def _initial_weights(place: Path) -> tuple[dict[str, NDArray[Any]], str]:
    weights = folder.read_file(place, folder.WEIGHTS, folder.read_manifest(place))
    try:
        return safetensors.numpy.load(weights), str(place)
    except safetensors.SafetensorError as error:
        raise RunError(f"{place}: {folder.WEIGHTS} is damaged ({error}). Restore it.") from None


def _default_place(prepared: TrainingData) -> Path:
    """`DATA-RECIPE` among the runs."""
    stem = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in Path(prepared.name).name)
    return RUNS / f"{stem}-{prepared.recipe.name}"


def _so_far(backend: str, before: Manifest | None) -> TrainingEntry:
    """How far the training had come before it is resumed here."""
    here = {"backend": backend, "device": device_name(), "machine": machine()}
    if before is not None and before.training is not None:
        return before.training.model_copy(update={**here, "message": ""})
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return TrainingEntry(**here, started=now, seconds=0.0, epochs=0, steps=0, best_epoch=0)


def _begin(job: "Job", prepared: TrainingData, training: TrainingEntry, before: Manifest | None) -> RunWriter:
    """Write what is known before training, so that a run whose training is cut off can be resumed."""
    manifest = first_manifest(prepared, latent_of(prepared.recipe.latent).group)
    writer = RunWriter(job.folder, manifest.model_copy(update={"training": training}), before)
    if prepared.skipped:
        listed = [{"name": item.name, "reason": item.reason} for item in prepared.skipped]
        writer.write(folder.SKIPPED, json.dumps(listed, indent=1) + "\n")
    writer.write(folder.RECIPE, prepared.recipe.model_dump_json(indent=2) + "\n")
    if job.custom is not None:
        from isthmus.training.custom import custom_files

        for name, content in custom_files(job.custom).items():
            writer.write(name, content)
    return writer


def _finish(writer: RunWriter, prepared: TrainingData, fitted: "Fitted") -> Run:
    """Export the model, fit its codes, measure it, and commit all of it at once."""
    from isthmus.graphs import export_graphs
    from isthmus.training.callbacks import history_table
    from isthmus.training.weights import weights_of

    writer.write(folder.WEIGHTS, safetensors.numpy.save(weights_of(fitted.model)))
    some = prepared.train.read(np.arange(min(16, len(prepared.train))))
    shown = make_batch(some, prepared.recipe.task, prepared.recipe.training.seed).input
    writer.update(graphs=export_graphs(fitted.model, writer.place(folder.ENCODER).parent, shown))
    for name in (folder.ENCODER, folder.DECODER):
        writer.record(name)
    if fitted.state.history:
        writer.write(folder.HISTORY, history_table(fitted.state.history))
    run = Run(writer.folder, writer.manifest, prepared.recipe)
    if not run.restores:  # their codes are never sampled
        writer.write(folder.CODES, safetensors.numpy.save(_code_densities(run, prepared.train)))
    writer.write(folder.METRICS, to_json(measure(run, prepared)))
    writer.commit()
    return load(writer.folder)


def _loggers(request: Request, job: "Job", film: Film) -> "tuple[EpochAction, ...]":
    if not request.tensorboard:
        return ()
    from isthmus.training.tensorboard import TensorBoardLog

    return (TensorBoardLog(job.folder / folder.TENSORBOARD, lambda: film.frame),)


def _examine(run: Run, prepared: TrainingData, request: Request) -> None:
    """Say what to think of the run, and make its report; if something fails here, the run is complete all the same."""
    from isthmus.workflows.examination import examine, spell_verdict
    from isthmus.workflows.report import write_report

    try:
        held = open_held_out(run, prepared, training_too=True)
        examined = examine(run, held)
        named = str(request.data) if isinstance(request.data, str | os.PathLike) else prepared.name
        targets = str(request.targets) if isinstance(request.targets, str | os.PathLike) else None
        for line in spell_verdict(examined, run, named, targets):
            tell(line)
        if request.report:
            write_report(run, images=held, examined=examined)
    except Exception as error:
        tell(f"The run is complete, but its report failed: {error}. `isthmus report {run.path}` tries again.")


def _code_densities(run: Run, source: ImageSource) -> dict[str, NDArray[Any]]:
    """Fit the codes of the training images, of all together and of each label, and choose a typical one."""
    spec, seed = run.recipe.codes, run.recipe.training.seed
    count = min(len(source), CODES_FITTED)
    rng = np.random.default_rng([seed, len(source)])
    chosen = np.sort(rng.choice(len(source), count, replace=False))
    posterior = encode(run, select(source, chosen), progress=None).posterior
    means, codes = posterior["mean"], run.draw_codes(posterior, rng)
    arrays: dict[str, NDArray[Any]] = {TYPICAL: means[typical(means)]}
    arrays |= fit_density(codes, spec, seed).arrays("all")
    if source.labels is not None:
        labels = source.labels[chosen]
        for label in np.unique(labels):
            arrays |= fit_density(codes[labels == label], spec, seed).arrays(f"label.{label}")
    return arrays
