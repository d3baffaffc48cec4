"""Pictures of a run, written to files."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isthmus.errors import DataError, UsageError
from isthmus.plots import film, save_figure
from isthmus.plots.formats import known_suffix
from isthmus.plots.training_film import read_frames, write_film
from isthmus.runs import Run, folder, load, require_autoencoder
from isthmus.storage import require_free
from isthmus.wording import no_such
from isthmus.workflows import drawing
from isthmus.workflows.drawing import Drawing

FILM = "training"


@dataclass(frozen=True)
class Plotted:
    """A picture that was written: where, what it shows, and what the caller should know."""

    path: Path
    summary: str
    note: str = ""


KINDS: Mapping[str, Callable[..., Drawing]] = {
    "manifold": drawing.draw_manifold,
    "grid": drawing.draw_grid,
    "scatter": drawing.draw_scatter,
    "traversal": drawing.draw_traversal,
    "interpolation": drawing.draw_interpolation,
    "history": drawing.draw_history,
}
"""What can be drawn as a figure."""


def plot(place: Path, kind: str, out: Path, options: Mapping[str, Any] | None = None) -> Plotted:
    """Draw a picture of a run, and write it in the format of the path's suffix.

    Args:
        place: The run folder; `history` and `training` are drawn of one that is being trained too.
        kind: One of `KINDS`, or `training` for the film.
        out: Where to; must not exist.
        options: What `draw` takes for that kind; those that are None are left to it.

    Raises:
        UsageError: If there is no such kind, option or format, `out` exists, or the run cannot be drawn so.
        RunError: If the run is missing or damaged.
        DataError: If the images cannot be found, or are not of the run's shape.
        StorageError: If `out` cannot be written.
    """
    given = {name: value for name, value in (options or {}).items() if value is not None}
    require_options(kind, given)
    known_suffix(out, _formats(kind))
    require_free(out)
    if kind == FILM:
        return _film(place, out)
    drawn = draw(_open(place, kind), kind, **given)
    save_figure(drawn.figure, out)
    return Plotted(out, drawn.summary, drawn.note)


def draw(run: Run, kind: str, **options: Any) -> Drawing:
    """Draw a picture of a run as a Matplotlib figure.

    Args:
        run: The run.
        kind: One of `KINDS`; each function there says what it takes.
        **options: `theme` ("light" or "dark") and `axes` (where to draw) for every kind, and the kind's own.

    Raises:
        UsageError: If there is no such kind or option, or the run cannot be drawn so.
        DataError: If the images cannot be found, or are not of the run's shape.
    """
    if kind == FILM:
        raise UsageError(
            f"the {FILM} is a film, and no figure: `isthmus.notebook.film(run)` shows it, and `isthmus plot RUN {FILM} "
            "--out FILE.gif` writes it."
        )
    if kind not in KINDS:
        raise _unknown(kind, KINDS)
    require_options(kind, options)
    if kind != "history":
        require_autoencoder(run)
    return KINDS[kind](run, **options)


def _open(place: Path, kind: str) -> Run:
    if kind != "history":
        return load(place)
    # The curves of a training that goes on are worth seeing.
    manifest = folder.read_manifest(place)
    return Run(place, manifest, folder.read_recipe(place, manifest))


def _film(place: Path, out: Path) -> Plotted:
    folder.read_manifest(place)
    frames = read_frames(place / folder.PICTURES)
    if not frames:
        raise DataError(f"{place / folder.PICTURES} holds no epoch-NNNN.png to make a film of.")
    write_film(frames, out)
    return Plotted(out, f"the film of {len(frames)} epochs")


def _formats(kind: str) -> tuple[str, ...]:
    if kind == FILM:
        return film.FORMATS
    from isthmus.plots import figures

    return figures.FORMATS


def options_of(kind: str) -> tuple[str, ...]:
    """The options that a kind takes, by name; `theme` among them for figures.

    Raises:
        UsageError: If there is no such kind.
    """
    if kind == FILM:
        return ()
    if kind not in KINDS:
        raise _unknown(kind, (*KINDS, FILM))
    parameters = inspect.signature(KINDS[kind]).parameters.values()
    return ("theme", "axes", *(p.name for p in parameters if p.kind is p.KEYWORD_ONLY))


def require_options(kind: str, given: Iterable[str], spelt: Mapping[str, str] | None = None) -> None:
    """Check that a kind takes options.

    Args:
        kind: One of `KINDS`, or `training`.
        given: The options' names.
        spelt: How whoever asks writes the options, for the message, which leaves out others; by default as `draw` does.

    Raises:
        UsageError: If there is no such kind, or it takes others.
    """
    taken = options_of(kind)
    foreign = [name for name in given if name not in taken]
    if foreign:
        spelt = spelt or {name: name for name in (*taken, *foreign)}
        known = ", ".join(spelt[name] for name in taken if name in spelt) or "none"
        raise UsageError(f"{kind} takes no {', '.join(spelt[name] for name in foreign)}; it takes {known}.")


def _unknown(kind: str, kinds: Iterable[str]) -> UsageError:
    return UsageError(f"{no_such('plot', kind, kinds)}.")
