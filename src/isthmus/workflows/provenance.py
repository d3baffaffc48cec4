"""Where a run comes from: which images, which versions, which machine, how long."""

import os
import platform
from importlib import metadata

from isthmus.data import Preprocessing, task_of
from isthmus.data.classes import class_names_of
from isthmus.data.content import unordered_fingerprint
from isthmus.data.locations import DataLocation, recall_location
from isthmus.data.named.catalogue import is_named
from isthmus.probability import LatentGroup
from isthmus.runs.manifest import DataEntry, GroupEntry, ImageEntry, Manifest, PreprocessingEntry
from isthmus.workflows.datasets import TrainingData

PACKAGES = ("isthmus", "jax", "keras", "numpy", "onnx", "onnxruntime", "tensorflow", "tensorflow-cpu", "torch")
"""What the manifest says the versions of, where installed."""


def first_manifest(prepared: TrainingData, group: LatentGroup) -> Manifest:
    """What is known of a run before it is trained."""
    source, task = prepared.train, task_of(prepared.recipe.task)
    return Manifest(
        state="training",
        images=ImageEntry.of(task.input_spec(source.spec)),
        target=ImageEntry.of(task.target_spec(source.spec)),
        source=ImageEntry.of(source.spec),
        preprocessing=PreprocessingEntry.of(prepared.preprocessing or Preprocessing.of(source.spec, prepared.bits)),
        latent_groups=(GroupEntry(name=group.name, kind=group.kind, shape=group.shape),),
        data=data_entry(prepared),
        versions=versions(),
    )


def data_entry(prepared: TrainingData) -> DataEntry:
    """What the manifest says of the images."""
    train, validation, test = prepared.train, prepared.validation, prepared.test
    return DataEntry(
        name=prepared.name,
        fingerprint=train.fingerprint,
        validation_fingerprint=None if validation is None else validation.fingerprint,
        test_fingerprint=None if test is None else test.fingerprint,
        pixels_fingerprint=unordered_fingerprint((train, validation, test), labelled=False),
        labels_fingerprint=unordered_fingerprint((train, validation, test), labelled=True),
        train_images=len(train),
        validation_images=0 if validation is None else len(validation),
        test_images=0 if test is None else len(test),
        class_names=_class_names(prepared),
        skipped_images=len(prepared.skipped),
        notices=prepared.notices,
    )


def _class_names(prepared: TrainingData) -> tuple[str, ...]:
    """The name of each class.  Classes without names count even where no training image is left of the last."""
    names, train = class_names_of(prepared.train), prepared.train
    last = 0 if train.class_names else prepared.recipe.condition.classes
    return (*names, *map(str, range(len(names), last)))


def location_of(data: DataEntry) -> DataLocation | None:
    """Where the images of a run are, as a command names them: where this machine remembers them, or a named set."""
    place = recall_location(data.fingerprint, data.class_names)
    # The name comes with the run, which may be untrusted: it never opens a path.
    return place or (DataLocation(data.name) if is_named(data.name) else None)


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that a run rests on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def machine() -> str:
    """The machine in words: system, processor, cores; never its name."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
