"""The manifest: the content of a run folder, as needed to use it."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from isthmus.data import Fit, ImageSpec, Preprocessing
from isthmus.data.limits import MOST_CHANNELS
from isthmus.errors import RunError
from isthmus.inputs import parse_json

SCHEMA_VERSION = 2

# A manifest may come with an untrusted run: a name in it never leads out of the folder, and no number is without end.
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$", max_length=100)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Fingerprint = Annotated[str, Field(pattern="^[0-9a-f]{1,64}$")]
Dimension = Annotated[int, Field(gt=0, lt=1 << 31)]
Side = Annotated[int, Field(gt=0, lt=1 << 16)]
LatentDimension = Annotated[int, Field(gt=0, lt=1 << 20)]


class Entry(BaseModel):
    """A frozen part of the manifest; names that this version does not know are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FileEntry(Entry):
    """One file, by content."""

    sha256: Digest
    bytes: Annotated[int, Field(ge=0, lt=1 << 53)]


class TensorEntry(Entry):
    """One input or output of a graph; a dimension named `n` is the batch, and free."""

    name: str
    dtype: Literal["uint8", "float32"]
    shape: tuple[Dimension | Literal["n"], ...]


class GraphEntry(Entry):
    """One ONNX graph."""

    file: FileName
    inputs: tuple[TensorEntry, ...]
    outputs: tuple[TensorEntry, ...]
    max_difference: Mapping[str, float]
    """The largest absolute difference from the trained model at export, by output."""


class GroupEntry(Entry):
    """One group of latent variables."""

    name: str
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=64)]
    shape: tuple[LatentDimension, ...]


class ImageEntry(Entry):
    """The shape and dtype of images."""

    height: Side
    width: Side
    channels: Side
    dtype: Literal["uint8", "float32"]

    @property
    def spec(self) -> ImageSpec:
        """The same as the data package's type."""
        return ImageSpec(self.height, self.width, self.channels, self.dtype)

    @classmethod
    def of(cls, spec: ImageSpec) -> "ImageEntry":
        """From the data package's type."""
        return cls(height=spec.height, width=spec.width, channels=spec.channels, dtype=spec.dtype)


class PreprocessingEntry(Entry):
    """How image files are fitted to the model."""

    height: Side
    width: Side
    channels: Annotated[int, Field(ge=1, le=MOST_CHANNELS)]
    fit: Fit
    background: str
    bits: Literal[8, 10, 12, 14, 16] | None = None
    """Bits in use of 16-bit images; None if there were none, or in runs older than this field."""

    @property
    def value(self) -> Preprocessing:
        """The same as the data package's type."""
        return Preprocessing(**self.model_dump())

    @classmethod
    def of(cls, value: Preprocessing | None) -> "PreprocessingEntry | None":
        """From the data package's type."""
        return None if value is None else cls.model_validate(value, from_attributes=True)


class DataEntry(Entry):
    """The images that the run was trained on."""

    name: str
    fingerprint: Fingerprint
    """Of the training images."""
    validation_fingerprint: Fingerprint | None = None
    """None if there are no such images, or in runs older than this field."""
    test_fingerprint: Fingerprint | None = None
    """The same."""
    pixels_fingerprint: Fingerprint | None = None
    """Of the pixels of all these images, in any order; None in runs older than this field."""
    labels_fingerprint: Fingerprint | None = None
    """Of their pixels and labels, in any order; None in runs older than this field."""
    train_images: int
    validation_images: int
    test_images: int
    class_names: Annotated[tuple[str, ...], Field(max_length=1 << 16)] = ()
    skipped_images: int = 0
    """Number of image files skipped; `skipped.json` lists them, with the reasons."""
    notices: tuple[str, ...] = ()
    """Notes on the data for the user, such as training images removed because they are test images too."""


class TrainingEntry(Entry):
    """How the training went; until it ends, its state when it was begun or last resumed."""

    backend: str
    device: str
    machine: str
    started: str
    seconds: float
    epochs: int
    """Epochs finished."""
    steps: int
    best_epoch: int
    """The epoch, counted from 1, whose weights the run holds; 0 for the weights before training."""
    message: str = ""
    """The reason, if training ended early."""


class Manifest(Entry):
    """The description of a run, without weights and metrics."""

    schema_version: int = SCHEMA_VERSION
    state: Literal["training", "complete", "interrupted", "failed"]
    images: ImageEntry
    """The encoder's input."""
    target: ImageEntry
    """The decoder's output."""
    source: ImageEntry
    """The images from which the task makes both; equal to them for the task reconstruct."""
    preprocessing: PreprocessingEntry | None = None
    """The preprocessing of image files; None in older runs of images that no Pillow file has the channels of."""
    latent_groups: tuple[GroupEntry, ...]
    graphs: Mapping[str, GraphEntry] = {}
    data: DataEntry
    training: TrainingEntry | None = None
    versions: Mapping[str, str] = {}
    files: Mapping[FileName, FileEntry] = {}

    def to_json(self) -> str:
        """Text for `manifest.json`."""
        return self.model_dump_json(indent=2) + "\n"


def manifest_from_json(text: str, where: str) -> Manifest:
    """Read a manifest.

    Args:
        text: What the file holds.
        where: The run, for messages.

    Raises:
        RunError: If it is not valid JSON, from a newer isthmus, or not a manifest.
    """
    try:
        values = parse_json(text)
    except ValueError as error:
        raise RunError(f"{where}: manifest.json is not valid JSON ({error}). Restore it from a copy.") from None
    if not isinstance(values, dict) or "schema_version" not in values:
        raise RunError(f"{where}: manifest.json is not an isthmus file: it has no schema_version.")
    version = values["schema_version"]
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise RunError(
            f"{where}: the run has schema version {version}, and this isthmus reads up to {SCHEMA_VERSION}. "
            f"Upgrade it: pip install --upgrade isthmus"
        )
    try:
        return Manifest.model_validate(values)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"])
        why = fault["msg"][:1].lower() + fault["msg"][1:]
        raise RunError(
            f"{where}: manifest.json does not fit this version of isthmus ({place}: {why}). If another version wrote "
            "it, use that one, or train the run again; if it was changed, restore it from a copy."
        ) from None
