"""Images in: from names, files, folders and arrays to batches, in an order that a seed fixes."""

from isthmus.data.arrays import as_source
from isthmus.data.batches import (
    Batch,
    EvaluationBatches,
    TrainingBatches,
    batch_size_for,
    binarised,
    chosen_batch,
    make_batch,
)
from isthmus.data.classes import match_classes
from isthmus.data.content import content_order, shared
from isthmus.data.decode.cache import cache_folder
from isthmus.data.decode.pack import PackedSource
from isthmus.data.images import ArraySource, Selection, select, spread
from isthmus.data.named.catalogue import DATASETS, is_named
from isthmus.data.open.images import Data, open_images
from isthmus.data.plan import BatchPlan
from isthmus.data.preprocessing import Fit, ImageOptions, Preprocessing, parse_size
from isthmus.data.sets import ImageSet, Origin, Skipped
from isthmus.data.source import ImageArray, ImageSource, ImageSpec, PixelType
from isthmus.data.splits import split_by_content
from isthmus.data.tasks.kinds import task_of
from isthmus.data.tasks.task import Task

__all__ = [
    "DATASETS",
    "ArraySource",
    "Batch",
    "BatchPlan",
    "Data",
    "EvaluationBatches",
    "Fit",
    "ImageArray",
    "ImageOptions",
    "ImageSet",
    "ImageSource",
    "ImageSpec",
    "Origin",
    "PackedSource",
    "PixelType",
    "Preprocessing",
    "Selection",
    "Skipped",
    "Task",
    "TrainingBatches",
    "as_source",
    "batch_size_for",
    "binarised",
    "cache_folder",
    "chosen_batch",
    "content_order",
    "is_named",
    "make_batch",
    "match_classes",
    "open_images",
    "parse_size",
    "select",
    "shared",
    "split_by_content",
    "spread",
    "task_of",
]
