"""Plot the results of `benchmarks/rate_distortion.py`, and digits in a few bytes beside the smallest files of formats.

    python benchmarks/rate_distortion.py runs/digits-few-bytes mnist:test --out curves.json
    python examples/draw_rate_distortion.py curves.json runs/digits-few-bytes mnist:test docs/figures

Existing files are replaced.
"""

import argparse
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter
from numpy.typing import NDArray
from PIL import Image

import isthmus
from isthmus import plots
from isthmus.codec.lossy.archive import LossyArchive, compress_codes, numbered
from isthmus.codec.lossy.statistics import code_statistics
from isthmus.data import Data, spread
from isthmus.plots.figures import new_figure
from isthmus.plots.style import Theme, style_axes
from isthmus.runs import Run
from isthmus.workflows.datasets import open_given

Pixels = NDArray[np.uint8]
THEMES: tuple[plots.ThemeName, ...] = ("light", "dark")
FORMATS = ("isthmus", "JPEG", "WebP", "AVIF", "JPEG XL")
LAYOUTS = {"joined": "all images in one file", "single": "one file for each image"}
BUDGET = 8
"""Bytes for each image."""
JOINED = 1000
SHOWN = 10


def draw_curves(points: Sequence[Mapping[str, Any]], theme: plots.ThemeName) -> Figure:
    """Plot PSNR against bytes: one panel for images in one file, one for single files."""
    with plots.style_context(theme) as look:
        figure = new_figure((9.0, 3.6))
        panels = figure.subplots(1, 2, sharey=True)
        for axes, (layout, words) in zip(panels, LAYOUTS.items(), strict=True):
            for place, name in enumerate(FORMATS):
                chosen = [p for p in points if p["format"] == name and p["layout"] == layout]
                if chosen:
                    _curve(axes, look, name, place, chosen)
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter("{x:g}")
            axes.xaxis.set_minor_formatter(LogFormatter(labelOnlyBase=False, minor_thresholds=(1, 0.4)))
            axes.set_title(words)
            axes.set_xlabel("bytes for each image, headers too")
            style_axes(axes, look, grid=True)
        panels[0].set_ylabel("PSNR, dB")
        panels[0].legend(loc="upper left", fontsize=8)
    return figure


def _curve(axes: Axes, look: Theme, name: str, place: int, points: Sequence[Mapping[str, Any]]) -> None:
    ordered = sorted(points, key=lambda point: float(point["bytes_per_image"]))
    axes.plot(
        [point["bytes_per_image"] for point in ordered],
        [point["psnr_db"] for point in ordered],
        color=look.ink if name == "isthmus" else look.classes[place],
        linewidth=2.2 if name == "isthmus" else 1.2,
        marker="o",
        markersize=4 if name == "isthmus" else 2.5,
        label=name,
    )


def draw_few_bytes(run: Run, data: Data, theme: plots.ThemeName) -> Figure:
    """Draw images, their decoded versions at 8 bytes each, and the smallest files of other formats."""
    source = open_given(run, data).images
    images = np.asarray(source.read(np.arange(min(JOINED, len(source)))), np.uint8)
    content, _ = compress_codes(
        run, code_statistics(run, run.encode(images)), numbered(len(images)), bytes_per_image=BUDGET
    )
    codes = LossyArchive.from_bytes(content).codes(run)
    shown = spread(len(images), SHOWN)
    rows = [
        ("originals", images[shown]),
        (f"isthmus\n{len(content) / len(images):.1f} bytes", np.asarray(run.decode(codes[shown]), np.uint8)),
        *(_smallest(name, images[shown]) for name in ("WebP", "AVIF", "JPEG")),
    ]
    with plots.style_context(theme) as look:
        figure = new_figure((8.4, 0.78 * len(rows)))
        for axes, (label, row) in zip(figure.subplots(len(rows), 1), rows, strict=True):
            strip = plots.tile(row, columns=len(row), gap=0, scale=4)
            axes.imshow(strip, interpolation="nearest")
            axes.set_xticks([])
            axes.set_yticks([])
            axes.set_ylabel(label, rotation=0, ha="right", va="center", color=look.ink, fontsize=9)
            for side in axes.spines.values():
                side.set_visible(False)
    return figure


def _smallest(name: str, images: Pixels) -> tuple[str, Pixels]:
    sizes, given = [], []
    for image in images:
        file = io.BytesIO()
        Image.fromarray(image.squeeze()).save(file, name.upper(), quality=1, optimize=True)
        sizes.append(file.tell())
        with Image.open(file) as back:
            given.append(np.asarray(back.convert("L" if image.shape[2] == 1 else "RGB")).reshape(image.shape))
    return f"{name}\n{np.mean(sizes):.0f} bytes", np.stack(given)


def main() -> None:
    """Read the command line and draw the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("curves", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("data")
    parser.add_argument("out", type=Path)
    asked = parser.parse_args()
    points = json.loads(asked.curves.read_text(encoding="utf-8"))
    run = isthmus.load(asked.run)
    for theme in THEMES:
        curves, few = draw_curves(points, theme), draw_few_bytes(run, asked.data, theme)
        print(plots.save_figure(curves, asked.out / f"rate-distortion-{theme}.png", dpi=150))
        print(plots.save_figure(few, asked.out / f"few-bytes-{theme}.png", dpi=150))


if __name__ == "__main__":
    main()
