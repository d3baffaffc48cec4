import io
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from isthmus import notebook, plots
from isthmus.errors import DataError, UsageError
from isthmus.notebook import STEPS, sliders


@pytest.fixture(autouse=True)
def _needs_widgets():
    pytest.importorskip("ipywidgets", reason="ipywidgets is not installed")


def parts(widget):
    """The picture, the buttons by name, the sliders by name and their strips."""
    left, right = widget.children
    rows = [row.children for row in right.children]
    buttons = {button.description: button for button in left.children[1].children}
    return left.children[0], buttons, {s.description: s for s, _ in rows}, {s.description: i for s, i in rows}


def pixels(widget):
    with Image.open(io.BytesIO(widget.value)) as picture:
        return np.asarray(picture)


def shown(run, code):
    """What a run decodes a code to, as large as the notebook shows it."""
    return plots.enlarge(run.decode(np.asarray(code, np.float32)[None]), round(224 / 12))[0, ..., 0]


def test_the_image_is_what_the_sliders_say(tiny_run):
    picture, _, named, _ = parts(sliders(tiny_run))
    assert set(named) == {"z[0]", "z[1]"}
    np.testing.assert_array_equal(pixels(picture), shown(tiny_run, tiny_run.typical_code))
    named["z[1]"].value = 2.5
    named["z[0]"].value = -1.25
    np.testing.assert_array_equal(pixels(picture), shown(tiny_run, [-1.25, 2.5]))


def test_a_strip_is_its_slider_s_range_with_the_others_where_they_are(tiny_run):
    _, _, named, strips = parts(sliders(tiny_run))
    own = strips["z[0]"].value
    named["z[0]"].value = 1.0
    assert strips["z[0]"].value == own  # its own slider is what it goes through
    named["z[1]"].value = -2.0
    codes = np.array([[x, -2.0] for x in np.linspace(-3, 3, STEPS)], np.float32)
    images = tiny_run.decode(codes)
    strip = pixels(strips["z[0]"])
    assert strip.shape[1] == STEPS * 10 + (STEPS - 1) * notebook.GAP
    for i, image in enumerate(images):
        np.testing.assert_array_equal(strip[:, i * 12 : i * 12 + 10, 0], image[..., 0])


def test_starts_from_an_image_and_goes_back_to_it(tiny_run, bars):
    image = bars[0][0]
    code = tiny_run.encode(image[None])["mean"][0]
    picture, buttons, named, _ = parts(sliders(tiny_run, image))
    start = picture.value
    np.testing.assert_array_equal(pixels(picture), shown(tiny_run, code))
    named["z[0]"].value += 1
    assert picture.value != start
    buttons["Another"].click()
    drawn = tiny_run.sample_codes(1, seed=1)[0]
    np.testing.assert_array_equal(pixels(picture), shown(tiny_run, drawn))
    assert [named[f"z[{k}]"].value for k in range(2)] == pytest.approx(np.clip(drawn, -3, 3), abs=1e-6)
    buttons["Start again"].click()
    assert picture.value == start


def test_a_plain_autoencoder_s_sliders_span_its_codes_the_most_telling_first(tiny_ae_run):
    widget = sliders(tiny_ae_run, most=2)
    _, _, named, strips = parts(widget)
    assert len(named) == len(strips) == 2
    low, high = np.percentile(tiny_ae_run.sample_codes(500), (1, 99))
    for slider in named.values():
        assert (slider.min, slider.max) == pytest.approx((low, high))
    first, second = (
        np.square(pixels(strip)[:, :10].astype(float) - pixels(strip)[:, -10:]).sum() for strip in strips.values()
    )
    assert first >= second


def test_refuses_what_cannot_be(tiny_run):
    for most in (0, 2.5, "3", None):
        with pytest.raises(UsageError, match=f"1 or more; got {most!r}"):
            sliders(tiny_run, most=most)
    with pytest.raises(DataError, match="10x12x1"):
        sliders(tiny_run, np.zeros((5, 5, 1), np.uint8))
    for several in (np.zeros((1, 12, 10, 1), np.uint8), "cat.png"):
        with pytest.raises(DataError, match="expected one image as an array"):
            sliders(tiny_run, several)


def test_without_the_packages_the_extra_is_named(tiny_run, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(UsageError, match=r"ipywidgets, which is not installed. `pip install 'isthmus\[notebook\]'`"):
        sliders(tiny_run)
    monkeypatch.setitem(sys.modules, "IPython.display", None)
    with pytest.raises(UsageError, match=r"IPython.*isthmus\[notebook\]"):
        notebook.film(tiny_run)


def test_draws_what_the_command_draws(tiny_run):
    figure = notebook.draw(tiny_run, "manifold", n=4)
    assert isinstance(figure, Figure)
    with pytest.raises(UsageError, match="no plot 'nonsense'"):
        notebook.draw(tiny_run, "nonsense")
    with pytest.raises(UsageError, match="grid takes no range; it takes theme, axes, span, step"):
        notebook.draw(tiny_run, "grid", range=(-3, 3))


def test_shows_the_film_of_the_training(tiny_run, tiny_ae_run, copied_run):
    import isthmus

    with Image.open(io.BytesIO(notebook.film(tiny_run).data)) as picture:
        assert picture.n_frames == 3
    (copied_run / "pictures" / "training.gif").unlink()
    with pytest.raises(DataError, match=r"has no pictures/training\.gif"):
        notebook.film(isthmus.load(copied_run))


def test_a_run_that_restores_has_no_sliders(tiny_restorer):
    with pytest.raises(UsageError, match="was trained for the task 'denoise'"):
        sliders(tiny_restorer)
