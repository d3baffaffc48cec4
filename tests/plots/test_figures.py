import io
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from isthmus.errors import UsageError
from isthmus.plots.figures import SHOWN_DPI, figure_for, new_figure, owner, save_figure
from isthmus.plots.style import style_context

FORMATS = ("png", "svg", "pdf", "jpg", "jpeg", "webp")


def drawing():
    with style_context():
        figure, axes = figure_for(None, (2, 1.5))
        axes.plot([0, 1], [0, 1], label="a line")
        axes.set_title("a title")
        axes.imshow(np.arange(4).reshape(2, 2), interpolation="none")
    return figure


@pytest.mark.parametrize("suffix", FORMATS)
def test_two_renderings_are_the_same_bytes(tmp_path, suffix):
    one = save_figure(drawing(), tmp_path / f"one.{suffix}").read_bytes()
    two = save_figure(drawing(), tmp_path / f"two.{suffix}").read_bytes()
    assert one == two
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF", "webp": b"RIFF"}
    assert one.startswith(starts.get(suffix, b"\xff\xd8"))
    assert not [word for word in (b"CreationDate", b"dc:date", b"matplotlib.org") if word in one]


def test_dots_per_inch(tmp_path):
    sizes = []
    for dpi in (100, 200):
        with Image.open(save_figure(drawing(), tmp_path / "a.png", dpi=dpi)) as image:
            sizes.append(image.width)
    assert sizes[1] == pytest.approx(2 * sizes[0], abs=2)


def test_svg_has_text_as_text(tmp_path):
    root = ElementTree.parse(save_figure(drawing(), tmp_path / "a.svg")).getroot()
    texts = {"".join(element.itertext()).strip() for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert "a title" in texts


def test_background_can_be_left_out(tmp_path):
    with Image.open(save_figure(drawing(), tmp_path / "a.png", transparent=True)) as clear:
        assert clear.getpixel((0, 0))[3] == 0
    with Image.open(save_figure(drawing(), tmp_path / "b.png")) as opaque:
        assert opaque.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)
    with pytest.raises(UsageError, match="transparency"):
        save_figure(drawing(), tmp_path / "c.jpg", transparent=True)


def test_unknown_format_lists_the_known(tmp_path):
    with pytest.raises(UsageError, match=r"\.png, \.svg, \.pdf, \.jpg, \.jpeg, \.webp; got '\.xyz'"):
        save_figure(drawing(), tmp_path / "a.xyz")
    assert not list(tmp_path.iterdir())


def test_figures_are_unknown_to_pyplot():
    drawing()
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()


def test_axes_of_a_caller_are_used_and_their_figure_returned():
    figure = Figure()
    axes = figure.subfigures(1, 2)[0].add_subplot()
    assert figure_for(axes, (1, 1)) == (figure, axes)
    assert owner(axes) is figure
    assert new_figure((3, 2)).get_size_inches().tolist() == [3, 2]


def test_a_figure_shows_itself_as_large_as_it_says():
    figure = new_figure((4, 3))
    figure.add_subplot().plot([0, 1])
    content, size = figure._repr_png_()
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.format == "PNG"
        assert abs(picture.width - 2 * size["width"]) <= 1
        assert abs(picture.height - 2 * size["height"]) <= 1
    assert 0.8 < size["width"] / (4 * SHOWN_DPI) < 1.2
