import base64
import io
import re

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from isthmus.plots.figures import figure_for, save_figure
from isthmus.plots.mosaics import draw_cells, frame_cells, gap_for, interpolation_for, size_for
from isthmus.plots.style import house


def mosaic(images, columns, rows):
    with house() as look:
        figure, axes = figure_for(None, size_for(images, columns, rows))
        draw_cells(axes, images, columns)
        frame_cells(axes, look, images, columns, rows)
    return figure, axes


def test_each_image_is_drawn_in_its_cell():
    images = np.zeros((5, 8, 6, 3), np.uint8)
    images[:] = np.random.default_rng(0).integers(0, 256, (5, 1, 1, 3))
    figure, axes = mosaic(images, 3, 2)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())
    for index in range(6):
        x, y = axes.transData.transform((index % 3, index // 3)).astype(int)
        expected = images[index, 0, 0].tolist() if index < 5 else [255, 255, 255]
        assert pixels[len(pixels) - 1 - y, x, :3].tolist() == expected
        x, y = axes.transData.transform((index % 3 + 0.5, index // 3)).astype(int)
        assert pixels[len(pixels) - 1 - y, x, :3].tolist() == [255, 255, 255]


def test_pixels_are_square():
    figure, axes = mosaic(np.zeros((4, 28, 14, 1), np.uint8), 2, 2)
    figure.draw_without_rendering()
    (left, bottom), (right, top) = axes.transData.transform([(0, 1), (1, 0)])
    # A cell is the image and its gap of a pixel.
    assert np.isclose((top - bottom) / (right - left), 29 / 15)


def test_svg_holds_the_pixels_themselves_and_says_keep_them_square(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (1, 5, 4, 3), dtype=np.uint8)
    svg = save_figure(mosaic(image, 1, 1)[0], tmp_path / "a.svg").read_text()
    assert "image-rendering:crisp-edges" in svg
    data = re.search(r"base64,\s*([A-Za-z0-9+/=\s]+)\"", svg).group(1)
    embedded = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))
    assert any(np.array_equal(embedded[::flip], image[0]) for flip in (1, -1))


def test_large_images_are_smoothed_when_shrunk():
    assert interpolation_for(np.zeros((1, 128, 20, 1))) == "none"
    assert interpolation_for(np.zeros((1, 129, 20, 1))) == "antialiased"


def test_gap_grows_with_the_images():
    assert [gap_for(np.zeros((1, side, 500, 1))) for side in (5, 28, 29, 256)] == [1, 2, 3, 19]
