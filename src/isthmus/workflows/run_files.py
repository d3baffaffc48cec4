"""The files of a run: what is known before training, and what training makes."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from isthmus.data import ImageSource, chosen_batch, select
from isthmus.evaluation.measurements import Measurements
from isthmus.probability import CONDITION, latent_of
from isthmus.probability.densities import fit_density, typical
from isthmus.runs import Run, encode, folder
from isthmus.runs.code_densities import TYPICAL
from isthmus.runs.manifest import Manifest, TrainingEntry
from isthmus.runs.writer import RunWriter
from isthmus.workflows.datasets import TrainingData, open_held_out
from isthmus.workflows.diagnosis import measure
from isthmus.workflows.metrics import first_metrics, to_json
from isthmus.workflows.provenance import first_manifest

if TYPE_CHECKING:
    from isthmus.training.fit import Fitted, Job

CODES_FITTED = 20_000
"""Training images whose codes the sampling distributions are fitted to, at most."""


def begin_run(job: "Job", data: TrainingData, training: TrainingEntry, before: Manifest | None) -> RunWriter:
    """Write what is known before training, so that a run whose training is killed can be resumed.

    Raises:
        StorageError: If it cannot be written.
    """
    manifest = first_manifest(data, latent_of(data.recipe.latent).group)
    writer = RunWriter(job.folder, manifest.model_copy(update={"training": training}), before)
    if data.skipped:
        listed = [{"name": item.name, "reason": item.reason} for item in data.skipped]
        writer.write(folder.SKIPPED, json.dumps(listed, indent=1) + "\n")
    writer.write(folder.RECIPE, data.recipe.model_dump_json(indent=2) + "\n")
    if job.custom is not None:
        from isthmus.training.custom import custom_files

        for name, content in custom_files(job.custom).items():
            writer.write(name, content)
    return writer


def finish_run(writer: RunWriter, data: TrainingData, fitted: "Fitted") -> Measurements:
    """Export the model, fit its code densities, measure it, and commit all of it at once.

    Raises:
        StorageError: If something cannot be written; the run is then as it was before.
    """
    from isthmus.graphs.export import export_graphs
    from isthmus.training.callbacks import history_table
    from isthmus.training.feed import fields_of
    from isthmus.training.weights import weights_of

    writer.write(folder.WEIGHTS, safetensors.numpy.save(weights_of(fitted.model)))
    batch = fields_of(chosen_batch(data.train, np.arange(min(16, len(data.train))), data.recipe), data.recipe)
    place = writer.place(folder.ENCODER).parent
    graphs = export_graphs(fitted.model, place, batch["input"], condition=batch.get(CONDITION))
    writer.update(graphs=graphs)
    for graph in writer.manifest.graphs.values():
        writer.record(graph.file)
    if fitted.state.history:
        writer.write(folder.HISTORY, history_table(fitted.state.history))
    run = Run(writer.folder, writer.manifest, data.recipe)
    held = open_held_out(run, data, training_too=True)
    measured = measure(run, held)
    if not (run.restores or run.latent.is_discrete):  # their codes are never sampled from a density
        writer.write(folder.CODES, safetensors.numpy.save(_code_densities(run, data.train)))
    writer.write(folder.METRICS, to_json(first_metrics(measured, held.split)))
    run.manifest = writer.commit()
    return measured


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
