"""What data contains, and what training would do with it."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from isthmus.data import Data, ImageOptions, ImageSource, Preprocessing, Skipped, open_images
from isthmus.data.decode.conversion import decoded_bytes, settle, shape_of
from isthmus.data.decode.entries import Collection
from isthmus.data.decode.layout import Layout
from isthmus.data.decode.loader import find_packed, is_packed, sound
from isthmus.data.decode.survey import SKIPPED_SHARE, Survey, survey
from isthmus.data.open.images import ArrayData, NamedData, locate
from isthmus.errors import IsthmusError
from isthmus.workflows.datasets.training_data import TEST_FRACTION, TrainingData, open_training_data, suitable_recipe


@dataclass(frozen=True)
class Plan:
    """What training would do with some images.

    Attributes:
        preprocessing: What image files would become; None for arrays, which are taken as they are.
        recipe: The name of the recipe.
        train: Training images.
        validation: Validation images.
        test: Test images.
        exact: Whether these numbers were counted, or estimated from the shares.
        place: Where the pixels go: `memory` or `cache`.
        bytes: The bytes of the pixels there.
        already_packed: Whether the cache has them already.
        notices: What would be done with the data that its user should know, a sentence each without a full stop.
    """

    preprocessing: Preprocessing | None
    recipe: str
    train: int
    validation: int
    test: int
    exact: bool
    place: str
    bytes: int
    already_packed: bool
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inspection:
    """What was found.

    Attributes:
        name: What the data is called.
        kind: What it is, such as `folder`.
        images: The number of images that can be read; what follows is of those.
        source_bytes: What the files, or the arrays, take.
        sizes: Width and height in pixels, and how many there are of each, the most frequent first.
        channels: How many are `grey`, `colour`, `grey with alpha`, `colour with alpha`; or of how many channels.
        formats: How many there are of each file format.
        classes: How many there are of each class, by name; empty without labels.
        splits: How many there are in each split that the data has; empty where it has none.
        copies: Images that are the same as one before, byte for byte.
        in_both_splits: Different images that stand in the training and in the test split.
        other_files: Files that are not named as images, which are ignored.
        skipped: Images that are left out, and why.
        repeated: Links to folders that are read already, ignored too.
        plan: What training would do; None where it would stop.
        fault: Why training would stop.
    """

    name: str
    kind: str
    images: int
    source_bytes: int
    sizes: dict[str, int]
    channels: dict[str, int]
    formats: dict[str, int]
    classes: dict[str, int]
    splits: dict[str, int]
    copies: int
    in_both_splits: int
    other_files: int
    skipped: tuple[Skipped, ...]
    repeated: tuple[str, ...]
    plan: Plan | None
    fault: str = ""


def inspect(data: Data, options: ImageOptions | None = None) -> Inspection:
    """Go through data, and plan a training on it; nothing is trained, and nothing written.

    Raises:
        UsageError: If there is no such data.
        DataError: If it is damaged as a whole, or of no kind that is known.
    """
    target, split = locate(data)
    if isinstance(target, Collection) and split is None:
        return _of_files(data, target, options or ImageOptions())
    return _of_arrays(data, target)


def _of_files(data: Data, collection: Collection, options: ImageOptions) -> Inspection:
    looked_at = found = survey(collection)
    fitted, plan, fault, classes, splits, straddling = None, None, "", {}, {}, 0
    strays: tuple[Skipped, ...] = ()
    if len(looked_at):
        try:
            fitted = settle(looked_at, options, collection.name)
            found = sound(collection, looked_at, fitted)
        except IsthmusError as error:
            fault = str(error)
    share = len(found.skipped) / max(1, len(found) + len(found.skipped))
    if share > SKIPPED_SHARE:
        fault = f"{share:.0%} of the images cannot be read, and at most {SKIPPED_SHARE:.0%} may be"
    elif not len(found):
        fault = "there are no images"
    if len(found):
        try:
            found, layout = found.arranged(collection)
            strays = layout.left_out
            if layout.labels is not None:
                classes = _by_name(layout.labels[layout.labels >= 0], layout.class_names)
            if layout.is_test is not None:
                splits = {"train": int((~layout.is_test).sum()), "test": int(layout.is_test.sum())}
                contents = found.contents
                straddling = len(np.intersect1d(contents[layout.is_test], contents[~layout.is_test]))
            if not fault:
                packed = is_packed(collection, looked_at, fitted)
                plan = _plan(data, collection, found, layout, fitted, options, packed)
        except IsthmusError as error:
            fault = fault or str(error)
    return Inspection(
        name=collection.name,
        kind=collection.kind,
        images=len(found),
        source_bytes=found.source_bytes,
        sizes=_sizes(found),
        channels=dict(
            Counter(_spell_channels(count, found.arrays or bool(found.bands)) for count in found.channels).most_common()
        ),
        formats=dict(Counter(found.formats).most_common()),
        classes=classes,
        splits=splits,
        copies=found.copies if len(found) else 0,
        in_both_splits=straddling,
        other_files=collection.other_files,
        skipped=(*found.skipped, *strays),
        repeated=tuple(collection.repeated),
        plan=plan,
        fault=fault,
    )


def _of_arrays(data: Data, target: object) -> Inspection:
    images = open_images(data)
    parts: list[ImageSource] = [part for part in (images.train, images.test) if part is not None]
    spec, count = images.spec, sum(map(len, parts))
    digests = [np.ascontiguousarray(part.digests).view("V16").ravel() for part in parts]
    labels = [part.labels for part in parts if part.labels is not None]
    plan, fault = None, ""
    try:
        prepared = open_training_data(data)
        plan = _counted(prepared, "memory", count * spec.dims)
    except IsthmusError as error:
        fault = str(error)
    return Inspection(
        name=images.name,
        kind={NamedData: "named data set", ArrayData: "array"}.get(type(target), "arrays"),
        images=count,
        source_bytes=count * spec.dims,
        sizes={f"{spec.width}x{spec.height}": count},
        channels={_spell_channels(spec.channels, True): count},
        formats={},
        classes=_by_name(np.concatenate(labels), images.train.class_names) if labels else {},
        splits={} if images.test is None else {"train": len(images.train), "test": len(images.test)},
        copies=count - len(np.unique(np.concatenate(digests))),
        in_both_splits=len(np.intersect1d(digests[0], digests[1])) if len(digests) == 2 else 0,
        other_files=0,
        skipped=(),
        repeated=(),
        plan=plan,
        fault=fault,
    )


def _plan(
    data: Data,
    collection: Collection,
    found: Survey,
    layout: Layout,
    fitted: Preprocessing | None,
    options: ImageOptions,
    packed: bool,
) -> Plan:
    size = decoded_bytes(found, fitted)
    ready = packed and find_packed(collection, options) is not None
    place = "cache" if packed else "memory"
    if not packed or ready:
        return _counted(open_training_data(data, preprocessing=options), place, size, ready)
    purpose = "reconstruct" if (found.bits or 8) > 8 else None
    recipe = suitable_recipe(None, shape_of(found, fitted), from_files=True, count=len(found), purpose=purpose)
    test = round(TEST_FRACTION * len(found)) if layout.is_test is None else int(layout.is_test.sum())
    validation = round(recipe.training.validation_fraction * (len(found) - test))
    train = len(found) - test - validation
    return Plan(fitted, recipe.name, train, validation, test, False, place, size, False, layout.notices)


def _counted(prepared: TrainingData, place: str, size: int, ready: bool = False) -> Plan:
    train, validation, test = (
        0 if part is None else len(part) for part in (prepared.train, prepared.validation, prepared.test)
    )
    return Plan(
        prepared.preprocessing,
        prepared.recipe.name,
        train,
        validation,
        test,
        exact=True,
        place=place,
        bytes=size,
        already_packed=ready,
        notices=prepared.notices,
    )


def _by_name(labels: Any, class_names: tuple[str, ...]) -> dict[str, int]:
    numbers, counts = np.unique(labels, return_counts=True)
    return {
        class_names[number] if class_names else str(number): int(count)
        for number, count in zip(numbers.tolist(), counts, strict=True)
    }


def _sizes(found: Survey) -> dict[str, int]:
    counts = Counter(zip(found.widths, found.heights, strict=True))
    return {
        f"{width}x{height}": count
        for (width, height), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    }


def _spell_channels(count: int, arrays: bool) -> str:
    words = {1: "grey", 2: "grey with alpha", 3: "colour", 4: "colour with alpha"}
    return f"{count} channels" if arrays and count not in (1, 3, 4) else words[count]
