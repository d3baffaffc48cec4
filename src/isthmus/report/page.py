"""What stands on the page, part by part; how it looks is the template's."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from isthmus.evaluation.diagnosis import Finding
from isthmus.report.key_metrics import KeyFigure


@dataclass(frozen=True)
class Picture:
    """A picture with what it shows in words.

    Attributes:
        html: The element.
        width: How wide it is best, in CSS pixels.
        title: A few words.
        caption: What to see in it.
    """

    html: Markup
    width: int
    title: str
    caption: str


@dataclass(frozen=True)
class Hero:
    """One image on its way through the isthmus.

    Attributes:
        given: The image, an element.
        made: Its reconstruction, an element.
        dims: The numbers in an image.
        code: The numbers in its code, spelt out where they are few.
        bars: They as bars from -1 to 1, where they are many; the first of them.
        latent_dim: How many they are.
    """

    given: Markup
    made: Markup
    dims: int
    code: Sequence[str]
    bars: Sequence[float]
    latent_dim: int


@dataclass(frozen=True)
class Example:
    """An image, its reconstruction and the difference: an element each, and what there is to say of it.

    Of a run that restores: what is shown, the answer, and the truth.
    """

    given: Markup
    made: Markup
    difference: Markup
    name: str
    notes: Sequence[str]


@dataclass(frozen=True)
class Group:
    """Examples of a kind, such as the worst."""

    title: str
    caption: str
    examples: Sequence[Example]


@dataclass(frozen=True)
class FilmFrame:
    """One frame of the film.

    Attributes:
        source: The image, as a `data:` address.
        label: When it was.
        key: Whether it is one of the few that a printed page shows.
    """

    source: str
    label: str
    key: bool


@dataclass(frozen=True)
class Command:
    """A command to copy, and what it does."""

    purpose: str
    text: str


@dataclass(frozen=True)
class Row:
    """A model or a baseline beside others.

    Attributes:
        name: What it is.
        psnr: Its peak signal-to-noise ratio, spelt out with its unit; empty for the images themselves.
        mse: Its mean squared error, spelt out.
        images: What it makes of the same images, an element each; empty where it is not shown.
    """

    name: str
    psnr: str
    mse: str
    images: Sequence[Markup]


@dataclass(frozen=True)
class Comparison:
    """The model beside what it has to beat.

    Attributes:
        rows: The images themselves, the model and its baselines.
        note: What was measured on what.
    """

    rows: Sequence[Row]
    note: str


@dataclass(frozen=True)
class Verdict:
    """What to think of the run, and what to do.

    Attributes:
        tone: `good`, `bad` or `unknown`.
        text: One sentence.
        comparison: The measurements behind it, or None where there are none.
        recommended: The one command to run next.
    """

    tone: str
    text: str
    comparison: Comparison | None
    recommended: Command


@dataclass(frozen=True)
class Table:
    """Rows of text; the first column names them.

    Attributes:
        title: A few words, or nothing.
        columns: The head, or nothing.
        rows: As many texts as columns in each.
        marked: The rows, counted from 0, that are out of the ordinary.
        note: What to know of it.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    marked: frozenset[int] = frozenset()
    note: str = ""


@dataclass(frozen=True)
class Page:
    """The whole report.

    Attributes:
        title: The run's name.
        state: How the training ended: `complete`, `interrupted` or `failed`.
        kind: What kind of model it is.
        story: Sentences that say what was trained on what, where and for how long.
        facts: The same at a glance: name and value.
        verdict: What to think of it.
        hero: One image, or None where there are no images at hand.
        figures: The figures that matter.
        figures_note: What images they were measured on.
        findings: What is wrong or worth knowing, the worst first.
        curves: The losses.
        film: The same images as training went on.
        film_size: Width and height of a frame in CSS pixels.
        film_caption: What to see in it.
        groups: Reconstructions, or answers to what a task shows.
        groups_title: What they are.
        groups_note: What the colours of the differences mean.
        missing: Why there are no pictures of images, where that is so.
        samples: New images.
        latent: The latent space.
        evaluation: The figures of `isthmus evaluate`, where it was run.
        evaluation_note: What it was run on.
        commands: What to do next.
        provenance: Where all this comes from.
        recipe: Every field.
        made: By what the page was made.
    """

    title: str
    state: str
    kind: str
    story: str
    facts: Sequence[tuple[str, str]]
    verdict: Verdict
    hero: Hero | None
    figures: Sequence[KeyFigure]
    figures_note: str
    findings: Sequence[Finding]
    curves: Sequence[Picture]
    film: Sequence[FilmFrame]
    film_size: tuple[int, int]
    film_caption: str
    groups: Sequence[Group]
    groups_title: str
    groups_note: str
    missing: str
    samples: Sequence[Picture]
    latent: Sequence[Picture]
    evaluation: Sequence[Table]
    evaluation_note: str
    commands: Sequence[Command]
    provenance: Sequence[Table]
    recipe: Table
    made: str
