"""Measure quality against bytes of lossy compression: a run beside JPEG, WebP, AVIF and JPEG XL.

    python benchmarks/rate_distortion.py runs/digits-few-bytes mnist:test --images 1000 --out curves.json

Each is measured twice: with one file per image, and with all images in one file of codes or one large tiled image.
Every byte of every file is counted. JPEG XL needs imagecodecs, and is omitted without it.
"""

import argparse
import io
import json
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import isthmus
from isthmus.codec.lossy.archive import LossyArchive, compress_codes, numbered
from isthmus.codec.lossy.statistics import code_statistics
from isthmus.evaluation.image_formats import joined, parted
from isthmus.evaluation.reconstruction import closeness
from isthmus.runs import Run
from isthmus.workflows.datasets import open_given

Pixels = NDArray[np.uint8]
Coder = Callable[[Pixels], tuple[int, Pixels]]
"""From an image `(h, w, c)` to the bytes that it took and what came back."""

QUALITIES = (5, 10, 15, 20, 25, 30, 35, 40, 50, 60, 70, 80, 100)
JPEG_QUALITIES = (1, 3, 5, 10, 15, 20, 30, 40, 50, 65, 80, 90)
XL_DISTANCES = (25.0, 20.0, 15.0, 10.0, 7.0, 5.0, 3.0, 2.0, 1.0)
SINGLES = 20
"""Images that are stored in files of their own, at most."""


def by_pillow(kind: str, **options: Any) -> Coder:
    """A format of Pillow's."""

    def code(image: Pixels) -> tuple[int, Pixels]:
        file = io.BytesIO()
        Image.fromarray(image.squeeze()).save(file, kind, **options)
        size = file.tell()
        with Image.open(file) as back:
            return size, np.asarray(back.convert("L" if image.shape[2] == 1 else "RGB")).reshape(image.shape)

    return code


def by_jpeg_xl(distance: float) -> Coder:
    """JPEG XL at a Butteraugli distance."""
    import imagecodecs

    def code(image: Pixels) -> tuple[int, Pixels]:
        content = imagecodecs.jpegxl_encode(image.squeeze(), distance=distance, effort=7)
        return len(content), np.asarray(imagecodecs.jpegxl_decode(content)).reshape(image.shape)

    return code


def coders() -> Iterator[tuple[str, float, Coder]]:
    """Every format at every setting."""
    for quality in JPEG_QUALITIES:
        yield "JPEG", quality, by_pillow("JPEG", quality=quality, optimize=True)
        yield "WebP", quality, by_pillow("WEBP", quality=quality, method=6)
        yield "AVIF", quality, by_pillow("AVIF", quality=quality, speed=4)
    try:
        import imagecodecs  # noqa: F401
    except ImportError:
        return
    for distance in XL_DISTANCES:
        yield "JPEG XL", distance, by_jpeg_xl(distance)


def point(name: str, layout: str, setting: float, size: float, images: Pixels, back: Pixels) -> dict[str, Any]:
    """One point of a curve: bytes for each image, and how near it is."""
    found = closeness(images / 255.0, back / 255.0)
    return {
        "format": name,
        "layout": layout,
        "setting": setting,
        "bytes_per_image": round(size / len(images), 3),
        "psnr_db": round(float(found.psnr.mean()), 3),
        "psnr_of_mean_db": round(float(-10 * np.log10(found.mse.mean())), 3),
        "ssim": round(float(found.ssim.mean()), 4),
    }


def of_run(run: Run, images: Pixels) -> Iterator[dict[str, Any]]:
    """The run's own curves."""
    posterior = run.encode(images)
    single = images[:SINGLES]
    for quality in QUALITIES:
        content, _ = compress_codes(run, code_statistics(run, posterior), numbered(len(images)), quality)
        back = run.decode(LossyArchive.from_bytes(content).codes(run))
        yield point("isthmus", "joined", quality, len(content), images, back)
        size, given = 0, []
        for i in range(len(single)):
            one = {name: values[i : i + 1] for name, values in posterior.items()}
            content, _ = compress_codes(run, code_statistics(run, one), numbered(1), quality)
            size += len(content)
            given.append(run.decode(LossyArchive.from_bytes(content).codes(run)))
        yield point("isthmus", "single", quality, size, single, np.concatenate(given))


def of_formats(images: Pixels) -> Iterator[dict[str, Any]]:
    """The curves of the formats."""
    single = images[:SINGLES]
    for name, setting, code in coders():
        size, picture = code(joined(images))
        yield point(name, "joined", setting, size, images, parted(picture, images))
        coded = [code(image) for image in single]
        yield point(name, "single", setting, sum(s for s, _ in coded), single, np.stack([back for _, back in coded]))


def main() -> None:
    """Measure, and print one JSON object a line; write them all with --out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("data")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    run = isthmus.load(asked.run)
    source = open_given(run, asked.data).images
    images = np.asarray(source.read(np.arange(min(asked.images, len(source)))), np.uint8)
    points = []
    for one in chain(of_run(run, images), of_formats(images)):
        print(json.dumps(one), flush=True)
        points.append(one)
    if asked.out is not None:
        asked.out.write_text(json.dumps(points, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
