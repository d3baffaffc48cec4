"""Arrays to figures, and the figures of a run.

Sheets and films are made pixel by pixel with Pillow; figures are drawn by Matplotlib's objects, never by pyplot's
global state.  Names load on first use, so a sheet is written without Matplotlib being imported.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isthmus.plots.bars import dimension_bars
    from isthmus.plots.checks import Decode
    from isthmus.plots.clouds import scatter
    from isthmus.plots.comparisons import reconstructions
    from isthmus.plots.curves import history
    from isthmus.plots.figures import save_figure
    from isthmus.plots.film import save_film
    from isthmus.plots.mosaics import samples
    from isthmus.plots.paths import Way, interpolation, lerp, slerp
    from isthmus.plots.planes import AXIS_LABELS, grid, grid_codes, manifold, manifold_codes, require_plane
    from isthmus.plots.projections import Projection, project
    from isthmus.plots.sheets import enlarge, save, save_each, tile
    from isthmus.plots.style import THEMES, Theme, ThemeName, style_context
    from isthmus.plots.traversals import traversal, traversal_codes

__all__ = [
    "AXIS_LABELS",
    "THEMES",
    "Decode",
    "Projection",
    "Theme",
    "ThemeName",
    "Way",
    "dimension_bars",
    "enlarge",
    "grid",
    "grid_codes",
    "history",
    "interpolation",
    "lerp",
    "manifold",
    "manifold_codes",
    "project",
    "reconstructions",
    "require_plane",
    "samples",
    "save",
    "save_each",
    "save_figure",
    "save_film",
    "scatter",
    "slerp",
    "style_context",
    "tile",
    "traversal",
    "traversal_codes",
]

# No module here is named like a function: importing one would set that name on the package and hide the function.
_NAMES_BY_MODULE = {
    "bars": ("dimension_bars",),
    "checks": ("Decode",),
    "clouds": ("scatter",),
    "comparisons": ("reconstructions",),
    "curves": ("history",),
    "figures": ("save_figure",),
    "film": ("save_film",),
    "mosaics": ("samples",),
    "paths": ("Way", "interpolation", "lerp", "slerp"),
    "planes": ("AXIS_LABELS", "grid", "grid_codes", "manifold", "manifold_codes", "require_plane"),
    "projections": ("Projection", "project"),
    "sheets": ("enlarge", "save", "save_each", "tile"),
    "style": ("THEMES", "Theme", "ThemeName", "style_context"),
    "traversals": ("traversal", "traversal_codes"),
}
_MODULES = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
