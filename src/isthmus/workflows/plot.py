"""The plots of a run: which there are, their options, and their files."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from isthmus import plots
from isthmus.errors import DataError, UsageError
from isthmus.plots import film
from isthmus.plots.checks import known_suffix
from isthmus.plots.display import false_colour
from isthmus.plots.of_run import best_epoch_of, terms_of
from isthmus.plots.training_film import read_frames, write_film
from isthmus.runs import Run, folder, load, require_autoencoder, require_continuous
from isthmus.runs.history import read_history
from isthmus.storage import require_free
from isthmus.wording import no_such, spell_count
from isthmus.workflows.latent_plots import Plot, grid, interpolation, manifold, scatter, traversal

FILM = "training"


def history(run: Run, **style: Any) -> Plot:
    """Draw the loss and its terms by epoch, nats per image.

    Raises:
        RunError: If no epoch has been finished, or the table is damaged.
    """
    columns = read_history(run.path, run.manifest)
    terms = terms_of(run, columns)
    figure = plots.history(columns, terms=terms, best_epoch=best_epoch_of(run), **style)
    return Plot(figure, f"the {', '.join(terms)} over {spell_count(len(columns['loss']), 'epoch')}")


KINDS: Mapping[str, Callable[..., Plot]] = {
    draw.__name__: draw for draw in (manifold, grid, scatter, traversal, interpolation, history)
}
"""The plots that are figures, by name."""
_WITHOUT_IMAGES = ("scatter", "history")


def plot(place: Path, kind: str, out: Path, options: Mapping[str, Any] | None = None) -> tuple[str, str]:
    """Draw a plot of a run, and write it in the format of the path's suffix.

    Args:
        place: The run folder; `history` and `training` are drawn of a run in training too.
        kind: One of `KINDS`, or `training` for the film.
        out: The file to write; must not exist.
        options: Arguments of that kind's function; those that are None are left out.

    Returns:
        What it shows, and a note or nothing.

    Raises:
        UsageError: If there is no such kind, option or format, `out` exists, or the run does not allow the plot.
        RunError: If the run is missing or damaged.
        DataError: If the images cannot be found, or are not of the run's shape.
        StorageError: If `out` cannot be written.
    """
    given = {name: value for name, value in (options or {}).items() if value is not None}
    require_options(kind, given)
    if kind == FILM:
        known_suffix(out, film.FORMATS)
        require_free(out)
        return _write_film(place, out), ""
    from isthmus.plots.figures import FORMATS

    known_suffix(out, FORMATS)
    require_free(out)
    drawn = draw(_open(place, kind), kind, **given)
    plots.save_figure(drawn.figure, out)
    return drawn.summary, drawn.note


def draw(run: Run, kind: str, **options: Any) -> Plot:
    """Draw a plot of a run as a Matplotlib figure.

    Args:
        run: The run.
        kind: One of `KINDS`; each function there documents its options.
        **options: `theme` ("light" or "dark") and `axes` (where to draw) for every kind, and the kind's own.

    Raises:
        UsageError: If there is no such kind or option, or the run does not allow the plot.
        DataError: If the images cannot be found, or are not of the run's shape.
    """
    if kind == FILM:
        raise UsageError(
            f"the {FILM} is a film, and no figure: `isthmus.notebook.film(run)` shows it, and `isthmus plot RUN {FILM} "
            "--out FILE.gif` writes it."
        )
    if kind not in KINDS:
        raise UsageError(f"{no_such('plot', kind, KINDS)}.")
    require_options(kind, options)
    if kind != "history":
        require_autoencoder(run)
        require_continuous(run, f"the plot {kind}")
    drawn = KINDS[kind](run, **options)
    rule = "" if kind in _WITHOUT_IMAGES else false_colour(run.image.channels)
    if not rule:
        return drawn
    if "axes" not in options:
        drawn.figure.supxlabel(rule, fontsize="small", color=plots.THEMES[options.get("theme", "light")].muted)
    return replace(drawn, note="; ".join(filter(None, (drawn.note, rule))))


def options_of(kind: str) -> tuple[str, ...]:
    """List the options of a kind by name, `theme` and `axes` first.

    Raises:
        UsageError: If there is no such kind.
    """
    if kind == FILM:
        return ()
    if kind not in KINDS:
        raise UsageError(f"{no_such('plot', kind, (*KINDS, FILM))}.")
    parameters = inspect.signature(KINDS[kind]).parameters.values()
    return ("theme", "axes", *(p.name for p in parameters if p.kind is p.KEYWORD_ONLY))


def require_options(kind: str, given: Iterable[str], spelt: Mapping[str, str] | None = None) -> None:
    """Check that a kind takes options.

    Args:
        kind: One of `KINDS`, or `training`.
        given: The options' names.
        spelt: How the user writes the options, for the message, which leaves out others; by default their names.

    Raises:
        UsageError: If there is no such kind, or it takes others.
    """
    taken = options_of(kind)
    unknown = [name for name in given if name not in taken]
    if unknown:
        spelt = spelt or {name: name for name in (*taken, *unknown)}
        known = ", ".join(spelt[name] for name in taken if name in spelt) or "none"
        raise UsageError(f"{kind} takes no {', '.join(spelt[name] for name in unknown)}; it takes {known}.")


def _open(place: Path, kind: str) -> Run:
    if kind != "history":
        return load(place)
    # The curves of an unfinished training are worth seeing.
    manifest = folder.read_manifest(place)
    return Run(place, manifest, folder.read_recipe(place, manifest))


def _write_film(place: Path, out: Path) -> str:
    folder.read_manifest(place)
    frames = read_frames(place / folder.PICTURES)
    if not frames:
        raise DataError(f"{place / folder.PICTURES} holds no epoch-NNNN.png to make a film of.")
    write_film(frames, out)
    return f"the film of {spell_count(len(frames), 'epoch')}"
