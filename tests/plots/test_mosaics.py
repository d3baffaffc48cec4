import base64
import io
import re

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from isthmus.errors import UsageError
from isthmus.plots.figures import figure_for, save_figure
from isthmus.plots.mosaics import draw_cells, frame_cells, gap_for, interpolation_for, samples, size_for
from isthmus.plots.style import style_context


def mosaic(images, columns, rows):
    with style_context() as look:
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


IMAGES = np.arange(1, 8, dtype=np.uint8)[:, None, None, None] * np.ones((1, 3, 3, 1), np.uint8)


def cells(figure):
    """The first pixel and alpha of each cell: images of 3 pixels with a gap of one between."""
    sheet = np.asarray(figure.axes[0].get_images()[0].get_array())
    return sheet[::4, ::4, 0].tolist(), (sheet[::4, ::4, 3] > 0).tolist()


def test_without_labels_a_nearly_square_sheet():
    grey, seen = cells(samples(IMAGES))
    assert grey == [[1, 2, 3], [4, 5, 6], [7, 0, 0]]
    assert seen[2] == [True, False, False]
    assert cells(samples(IMAGES, columns=4))[0] == [[1, 2, 3, 4], [5, 6, 7, 0]]


def test_a_row_for_each_label():
    figure = samples(IMAGES, [2, 0, 2, 2, 0, 2, 5], class_names=["cat", "dog", "owl"], columns=3)
    grey, seen = cells(figure)
    assert grey == [[2, 5, 0], [1, 3, 4], [7, 0, 0]]
    assert seen == [[True, True, False], [True, True, True], [True, False, False]]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["cat", "owl", "5"]


def test_fewer_images_than_columns():
    assert len(cells(samples(IMAGES[:2], columns=9))[0][0]) == 2
    assert len(cells(samples(IMAGES[:2], [0, 0]))[0][0]) == 2


def test_bad_arguments_are_refused():
    with pytest.raises(UsageError, match="7 whole numbers"):
        samples(IMAGES, [1])
    with pytest.raises(UsageError, match="`columns`"):
        samples(IMAGES, columns=0)


def test_draws_in_given_axes():
    axes = Figure().add_subplot()
    assert samples(IMAGES, axes=axes) is axes.figure
    assert axes.get_images()
