"""What stands on the page, part by part; how it looks is the template's."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from isthmus.report.keyfigures import KeyFigure
from isthmus.report.observed import Finding


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
        hero: One image, or None where there are no images at hand.
        figures: The figures that matter.
        figures_note: What images they were measured on.
        findings: What stands out.
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
        evaluation_findings: What it diagnosed.
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
    evaluation_findings: Sequence[Finding]
    evaluation_note: str
    commands: Sequence[Command]
    provenance: Sequence[Table]
    recipe: Table
    made: str
