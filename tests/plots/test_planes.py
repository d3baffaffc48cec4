import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.stats import norm

from isthmus.errors import UsageError
from isthmus.plots.planes import grid, grid_codes, manifold, manifold_codes, require_plane


def colour_of(codes):
    """A colour that tells the code: red grows with z[0], green with z[1]."""
    scaled = np.clip(127 + 24 * np.asarray(codes), 0, 255)
    return np.concatenate([scaled, np.full((len(scaled), 1), 60)], axis=1).astype(np.uint8)


def decode(codes):
    assert codes.dtype == np.float32
    return np.broadcast_to(colour_of(codes)[:, None, None], (len(codes), 4, 4, 3)).copy()


def pixel(figure, place):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())
    x, y = figure.axes[0].transData.transform(place).astype(int)
    return pixels[len(pixels) - 1 - y, x, :3].tolist()


@pytest.mark.parametrize("n", [2, 5, 20])
def test_manifold_codes_are_the_normals_quantiles(n):
    codes = manifold_codes(n)
    assert codes.dtype == np.float32
    assert codes.shape == (n * n, 2)
    quantiles = norm.ppf(np.linspace(0.05, 0.95, n))
    rows = codes.reshape(n, n, 2)
    np.testing.assert_allclose(rows[..., 0], np.tile(quantiles, (n, 1)), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(rows[..., 1], np.tile(quantiles[::-1, None], (1, n)), rtol=1e-5, atol=1e-6)


def test_manifold_draws_the_first_dimension_along_x_and_the_second_upwards():
    figure = manifold(decode, 5)
    codes = manifold_codes(5).reshape(5, 5, 2)
    for row, column in ((0, 0), (0, 4), (4, 0), (2, 3)):
        assert pixel(figure, (column, row)) == colour_of(codes[row, column][None])[0].tolist()
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("z[0]", "z[1]")
    _, top = axes.transData.transform((0, 0))
    _, bottom = axes.transData.transform((0, 4))
    assert top > bottom


def test_manifold_ticks_stand_at_their_probability():
    axes = manifold(decode, 7).axes[0]
    for axis, sign in ((axes.xaxis, 1), (axes.yaxis, -1)):
        for place, label in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True):
            value = float(label.get_text().replace("−", "-"))
            from_low = place if sign == 1 else 6 - place
            assert 0.05 + 0.9 * from_low / 6 == pytest.approx(norm.cdf(value))


def test_grid_is_eleven_by_eleven_by_default():
    codes = grid_codes()
    assert codes.shape == (121, 2)
    assert codes[0].tolist() == [-5, 5]
    assert codes[1].tolist() == [-4, 5]
    assert codes[-1].tolist() == [5, -5]


def test_grid_takes_any_range():
    np.testing.assert_allclose(
        grid_codes((0, 0.3), (-1, -0.8), 0.1),
        [[x, y] for y in (-0.8, -0.9, -1.0) for x in (0, 0.1, 0.2, 0.3)],
        atol=1e-6,
    )
    assert np.unique(grid_codes((0, 1), (0, 1), 0.4)[:, 0]).tolist() == pytest.approx([0, 0.4, 0.8])


def test_grid_draws_each_image_at_its_code():
    figure = grid(decode, x=(-2, 3), y=(-1, 1), step=0.5)
    for code in ((-2, -1), (3, 1), (0.5, -0.5), (-1.5, 1)):
        assert pixel(figure, code) == colour_of([code])[0].tolist()
    axes = figure.axes[0]
    assert axes.get_xlim() == (-2.25, 3.25)
    assert axes.get_ylim() == (-1.25, 1.25)
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels[0] == "−2"
    assert labels[-1] == "3"


@pytest.mark.parametrize("n", [1, 101])
def test_manifold_of_too_few_or_too_many(n):
    with pytest.raises(UsageError, match=f"from 2 to 100 images per side; got {n}"):
        manifold(decode, n)


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({"x": (1, 1)}, "`x` as"),
        ({"y": (2, 1)}, "`y` as"),
        ({"step": 0}, "positive `step`"),
        ({"x": (0, np.inf)}, "`x` as"),
        ({"step": 0.01}, "at most 100 images along `x`; got 1001"),
    ],
)
def test_ranges_that_cannot_be(ranges, message):
    with pytest.raises(UsageError, match=message):
        grid(decode, **ranges)


def test_a_latent_that_is_no_plane_is_told_what_to_draw():
    require_plane(2, "manifold")
    with pytest.raises(UsageError, match=r"2 dimensions for a manifold; this one has 10\. Draw a traversal"):
        require_plane(10, "manifold")


@pytest.mark.parametrize("draw", [manifold, grid])
def test_draws_in_given_axes(draw):
    axes = Figure().add_subplot()
    assert draw(decode, axes=axes, theme="dark") is axes.figure
    assert axes.get_images()
