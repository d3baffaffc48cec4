"""Train a recipe on images, and leave a run folder that every other command can use."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from isthmus.data import Data, ImageSource, Preprocessing, Wish, posed
from isthmus.data.places import remember_place, require_apart
from isthmus.errors import RunError, TrainingError, UsageError
from isthmus.probability import latent_of
from isthmus.probability.densities import fit_density
from isthmus.progress import tell
from isthmus.recipes import Recipe, leaf_fields
from isthmus.runs import Run, folder, load
from isthmus.runs.manifest import Manifest, TrainingEntry
from isthmus.runs.writer import RunWriter
from isthmus.storage import require_free
from isthmus.training.backends import choose_backend, device_name, import_keras, require_tensorboard
from isthmus.workflows.held_out import held_out_of
from isthmus.workflows.metrics import measure, to_json
from isthmus.workflows.preparation import Prepared, announce, prepare
from isthmus.workflows.provenance import changed_images, data_entry, first_manifest, machine
from isthmus.workflows.watching import Film

if TYPE_CHECKING:
    import keras

    from isthmus.training.fit import EpochAction, Fitted, Job

CODES_FITTED = 20_000
"""Training images whose codes the sampling distributions are fitted to, at most."""
RUNS = Path("runs")
"""Where runs go that nobody says the place of."""
MAY_CHANGE = frozenset({"training.epochs", "training.patience", "training.checkpoint_seconds", "name", "summary"})
"""What may differ from the recipe of the run that a training goes on with."""


@dataclass(frozen=True)
class Request:
    """What a training is asked for; `isthmus.train` explains each."""

    data: Data
    recipe: Recipe | str | None = None
    targets: Data | None = None
    out: Path | None = None
    changes: Mapping[str, Any] | None = None
    own: "tuple[keras.Model, keras.Model] | None" = None
    init_from: Path | None = None
    resume: bool = False
    trust: bool = False
    backend: str | None = None
    device: str | None = None
    wish: Wish | None = None
    report: bool = True
    tensorboard: bool = False


def train(request: Request) -> Run:
    """Train, export, measure, and open the run.

    Raises:
        UsageError: If the call was wrong; nothing was written.
        IsthmusError: If something failed, by name; what was written is a run that says how far it came.
    """
    _check(request)
    backend = choose_backend(request.backend, request.device)
    before = folder.read_manifest(request.out) if request.resume and request.out else None
    prepared = _prepare(request, before)
    announce(prepared)

    import_keras()
    from isthmus.training.fit import Job, begin, fit

    job = Job(
        recipe=prepared.recipe,
        train=prepared.train,
        validation=prepared.validation,
        folder=request.out or _free_place(prepared),
        own=_own_networks(request, before),
        initial_weights=_initial_weights(request.init_from) if request.init_from else None,
        resume=request.resume,
    )
    # What does not fit the images or the recipe, or cannot be gone on with, is found before anything is written.
    begun = begin(job)
    film = Film(job.folder / folder.PICTURES, prepared.test or prepared.train, job.recipe)

    writer = _begin(job, prepared, before)
    remember_place(prepared.train.fingerprint, request.data, request.targets)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        fitted = fit(job, (film, *_loggers(request, job, film)), begun)
    except TrainingError:
        writer.update(state="failed")
        writer.commit()
        raise
    film.finish()
    state = fitted.state
    writer.update(
        state=fitted.outcome,
        training=TrainingEntry(
            backend=backend,
            device=device_name(),
            machine=machine(),
            started=started if before is None or before.training is None else before.training.started,
            seconds=round(state.seconds, 3),
            epochs=state.epoch,
            steps=state.step,
            best_epoch=state.best_epoch,
            message=state.message,
        ),
    )
    run = _finish(writer, prepared, fitted)
    if request.report:
        _report(run, prepared)
    return run


def _check(request: Request) -> None:
    if request.resume and request.init_from is not None:
        raise UsageError("--resume goes on with a run, and --init-from starts a new one: give one of them.")
    if request.resume and request.out is None:
        raise UsageError("--resume needs --out: the run to go on with.")
    if request.out is not None and not request.resume:
        require_free(request.out)
    require_apart(request.out or RUNS, request.data, request.targets)
    if request.tensorboard:
        require_tensorboard()


def _prepare(request: Request, before: Manifest | None) -> Prepared:
    """Open the data and settle the recipe; a resumed run has both already, and they must be the same."""
    if before is None:
        return prepare(request.data, request.recipe, request.changes or {}, request.wish, request.targets)
    assert request.out is not None
    old = folder.read_recipe(request.out, before)
    recipe, goal = request.recipe or old, _kept(request, before)
    prepared = prepare(request.data, recipe, request.changes or {}, goal, request.targets)
    kept = dict(leaf_fields(old.model_dump(mode="json")))
    wanted = dict(leaf_fields(prepared.recipe.model_dump(mode="json")))
    changed = [
        f"{name}: {kept.get(name)} in the run, {wanted.get(name)} now"
        for name in sorted({*kept, *wanted} - MAY_CHANGE)
        if kept.get(name) != wanted.get(name)
    ]
    _require_same(request.out, "by another recipe", changed)
    _require_same(request.out, "with other images", changed_images(before.data, data_entry(prepared)))
    return prepared


def _require_same(place: Path, otherwise: str, changed: list[str]) -> None:
    if changed:
        raise UsageError(
            f"{place} was trained {otherwise}, and a training goes on only as it began:\n  "
            + "\n  ".join(changed)
            + f"\nTo start anew from its weights: --init-from {place}, and another --out."
        )


def _kept(request: Request, before: Manifest) -> Preprocessing | None:
    """What image files became for the run that a training goes on with; nothing else can be asked for."""
    kept = None if before.preprocessing is None else before.preprocessing.value
    for name, value in vars(request.wish or Wish()).items():
        now = None if kept is None else (kept.height, kept.width) if name == "size" else getattr(kept, name)
        if value is not None and value != now:
            raise UsageError(
                f"{request.out} was trained on images of {kept}; a training goes on with these: leave --{name} out."
            )
    return kept


def _own_networks(request: Request, before: Manifest | None) -> "tuple[keras.Model, keras.Model] | None":
    if request.own is not None:
        return request.own
    for place in (request.out if before else None, request.init_from):
        if place is None:
            continue
        manifest = folder.read_manifest(place)
        if folder.OWN_ENCODER in manifest.files:
            from isthmus.training.own import load_own

            return load_own(place, manifest, request.trust)
    return None


def _initial_weights(place: Path) -> tuple[dict[str, NDArray[Any]], str]:
    weights = folder.read_file(place, folder.WEIGHTS, folder.read_manifest(place))
    try:
        return safetensors.numpy.load(weights), str(place)
    except safetensors.SafetensorError as error:
        raise RunError(f"{place}: {folder.WEIGHTS} is torn ({error}). Restore it.") from None


def _free_place(prepared: Prepared) -> Path:
    """`DATA-RECIPE` among the runs, with a number behind it where that is taken."""
    stem = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in Path(prepared.name).name)
    place = RUNS / f"{stem}-{prepared.recipe.name}"
    number = 1
    while place.exists():
        number += 1
        place = RUNS / f"{stem}-{prepared.recipe.name}-{number}"
    return place


def _begin(job: "Job", prepared: Prepared, before: Manifest | None) -> RunWriter:
    """Write what is known before training, so that a run that is cut off can be gone on with."""
    manifest = first_manifest(prepared, latent_of(prepared.recipe.latent).group)
    writer = RunWriter(job.folder, manifest.model_copy(update={"training": before.training if before else None}))
    if prepared.skipped:
        listed = [{"name": item.name, "reason": item.reason} for item in prepared.skipped]
        writer.write(folder.SKIPPED, json.dumps(listed, indent=1) + "\n")
    writer.write(folder.RECIPE, prepared.recipe.model_dump_json(indent=2) + "\n")
    if job.own is not None:
        from isthmus.training.own import own_files

        for name, content in own_files(job.own).items():
            writer.write(name, content)
    writer.commit()
    return writer


def _finish(writer: RunWriter, prepared: Prepared, fitted: "Fitted") -> Run:
    """Export the model, fit its codes, measure it, and seal the run."""
    from isthmus.graphs import export_graphs
    from isthmus.training.weights import weights_of

    place = writer.folder
    writer.write(folder.WEIGHTS, safetensors.numpy.save(weights_of(fitted.model)))
    some = prepared.train.read(np.arange(min(16, len(prepared.train))))
    shown = posed(some, prepared.recipe.task, prepared.recipe.training.seed).seen
    writer.update(graphs=export_graphs(fitted.model, place, shown))
    for name in (folder.ENCODER, folder.DECODER, folder.HISTORY):
        if (place / name).exists():
            writer.record(name)
    run = Run(place, writer.commit(), prepared.recipe)
    if not run.restores:  # nobody draws such codes
        writer.write(folder.CODES, safetensors.numpy.save(_code_densities(run, prepared.train)))
    writer.write(folder.METRICS, to_json(measure(run, prepared)))
    writer.commit()
    return load(place)


def _loggers(request: Request, job: "Job", film: Film) -> "tuple[EpochAction, ...]":
    if not request.tensorboard:
        return ()
    from isthmus.training.tensorboard import TensorBoardLog

    return (TensorBoardLog(job.folder / folder.TENSORBOARD, lambda: film.frame),)


def _report(run: Run, prepared: Prepared) -> None:
    """Make the report; whatever goes wrong there, the run is done and stays."""
    from isthmus.workflows.reporting import write_report

    try:
        write_report(run, images=held_out_of(run, prepared, training_too=True))
    except Exception as error:
        tell(f"The run is whole, but its report failed: {error}. `isthmus report {run.path}` tries again.")


def _code_densities(run: Run, source: ImageSource) -> dict[str, NDArray[Any]]:
    """Fit the codes of the training images, of all together and of each label."""
    spec, seed = run.recipe.codes, run.recipe.training.seed
    count = min(len(source), CODES_FITTED)
    rng = np.random.default_rng([seed, len(source)])
    chosen = np.sort(rng.choice(len(source), count, replace=False))
    parts = [run.draw_codes(run.encode(source.read(part)), rng) for part in np.array_split(chosen, -(-count // 1000))]
    codes = np.concatenate(parts)
    arrays = fit_density(codes, spec, seed).arrays("all")
    if source.labels is not None:
        labels = source.labels[chosen]
        for label in np.unique(labels):
            arrays |= fit_density(codes[labels == label], spec, seed).arrays(f"label.{label}")
    return arrays
