"""The data of the report's page, part by part; the template lays it out."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from isthmus.evaluation.diagnosis import Finding, Verdict
from isthmus.report.key_metrics import KeyMetric


@dataclass(frozen=True)
class Panel:
    """A plot on the page.

    Attributes:
        html: The element.
        width: Its best width, in CSS pixels.
        title: A few words.
        caption: What to see in it.
    """

    html: Markup
    width: int
    title: str
    caption: str


@dataclass(frozen=True)
class RoundTrip:
    """One image, its latent code and its reconstruction.

    Attributes:
        input: The image, an element.
        output: Its reconstruction, an element.
        dims: The number of values in an image.
        code: The latent code in digits; empty for a long one.
        bars: The first values of a long latent code, from -1 to 1; empty for a short one.
        size: The size of a code in words.
    """

    input: Markup
    output: Markup
    dims: int
    code: Sequence[str]
    bars: Sequence[float]
    size: str


@dataclass(frozen=True)
class Example:
    """An image of the data, and what the run makes of it.

    Attributes:
        images: Input, reconstruction and difference, an element each; of a run that restores, input, prediction and
            target.
        name: The name of the image.
        notes: Its metrics.
    """

    images: Sequence[Markup]
    name: str
    notes: Sequence[str]


@dataclass(frozen=True)
class Group:
    """Examples of a kind, such as the worst."""

    title: str
    caption: str
    examples: Sequence[Example]


@dataclass(frozen=True)
class ExampleSection:
    """Groups of examples, and a note that explains their images."""

    title: str
    note: str
    groups: Sequence[Group]


@dataclass(frozen=True)
class Frame:
    """One frame of the film of a training.

    Attributes:
        source: The image, as a `data:` address.
        label: Its epoch.
        key: Whether it is one of the few that a printed page shows.
    """

    source: str
    label: str
    key: bool


@dataclass(frozen=True)
class FilmSection:
    """The same images during training.

    Attributes:
        title: A heading.
        frames: One or more, in order.
        size: Width and height of a frame in CSS pixels.
        caption: What to see in it.
    """

    title: str
    frames: Sequence[Frame]
    size: tuple[int, int]
    caption: str


@dataclass(frozen=True)
class Command:
    """A command to copy, and what it does."""

    purpose: str
    text: str


@dataclass(frozen=True)
class ModelRow:
    """The model or a baseline.

    Attributes:
        name: Its name.
        psnr: Its peak signal-to-noise ratio with the unit; empty for the images themselves.
        mse: Its mean squared error; empty for the images themselves.
        images: Its predictions for the same images, an element each; may be empty.
    """

    name: str
    psnr: str
    mse: str
    images: Sequence[Markup]


@dataclass(frozen=True)
class BaselineTable:
    """The images, the model and its baselines, and a note on what was measured."""

    rows: Sequence[ModelRow]
    note: str


@dataclass(frozen=True)
class TextTable:
    """Rows of text; the first column names them.

    Attributes:
        title: A few words, or nothing.
        columns: The head, or nothing.
        rows: As many texts as columns in each.
        marked: The rows to highlight, counted from 0.
        note: An explanation, or nothing.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    marked: frozenset[int] = frozenset()
    note: str = ""


@dataclass(frozen=True)
class QualitySection:
    """The quality of reconstructed photographs beside PCA and image formats.

    Attributes:
        lead: The images in words.
        table: The metrics of each.
        examples: An image, and what each makes of it, with a note for each.
    """

    lead: str
    table: TextTable
    examples: Sequence[Example]


@dataclass(frozen=True)
class EvaluationResults:
    """An evaluation, as the page shows it.

    Attributes:
        tables: Its metrics, part by part.
        findings: Its diagnosis, if this machine made it on held-out images of the run's own data; else nothing.
        note: The images, the date, the version, and whether it was made on this machine.
    """

    tables: Sequence[TextTable]
    findings: Sequence[Finding]
    note: str


@dataclass(frozen=True)
class Page:
    """The whole report.

    Attributes:
        title: The names of recipe and data.
        state: How the training ended: `complete`, `interrupted` or `failed`.
        story: Sentences on the model, its data, and the length of its training.
        facts: The same at a glance: name and value.
        verdict: The diagnosis in one sentence.
        baselines: The measurements behind it, or None without held-out images.
        recommended: The one command to run next.
        round_trip: One image through the model, or None without images.
        metrics: The key metrics.
        metrics_note: The images that they were measured on.
        findings: What is wrong or worth knowing, the worst first.
        quality: The quality of reconstructed photographs, or None where they are none.
        curves: The loss and its terms by epoch.
        film: The film of the training, if there is one.
        examples: Reconstructions or predictions, or None without images.
        missing: Why there are no images, or nothing.
        samples: New images.
        latent_space: Plots of the latent space.
        evaluation: The results of `isthmus evaluate`, if it was run.
        commands: What to do next.
        provenance: Data, machine, versions and files.
        recipe: Every field.
        version: The version of isthmus that made the page.
    """

    title: str
    state: str
    story: str
    facts: Sequence[tuple[str, str]]
    verdict: Verdict
    baselines: BaselineTable | None
    recommended: Command
    round_trip: RoundTrip | None
    metrics: Sequence[KeyMetric]
    metrics_note: str
    findings: Sequence[Finding]
    quality: QualitySection | None
    curves: Sequence[Panel]
    film: FilmSection | None
    examples: ExampleSection | None
    missing: str
    samples: Sequence[Panel]
    latent_space: Sequence[Panel]
    evaluation: EvaluationResults | None
    commands: Sequence[Command]
    provenance: Sequence[TextTable]
    recipe: TextTable
    version: str
