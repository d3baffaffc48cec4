import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from isthmus.data.tasks.corruptions import add_noise
from isthmus.evaluation.restoration import baselines
from isthmus.evaluation.restoration.baselines import Baseline, doubling
from isthmus.evaluation.restoration.strengths import Choice, best_strength


def baseline(*strengths, **more):
    return Baseline("some", "some", lambda seen, _: seen, strengths, **more)


class Merit:
    """Highest at `best`, falling evenly with the logarithm; it notes what it was asked."""

    def __init__(self, best):
        self.best, self.asked = best, []

    def __call__(self, strength):
        self.asked.append(strength)
        return -abs(math.log(strength / self.best))


@pytest.mark.parametrize("best", np.geomspace(0.034, 0.85, 12))
def test_the_best_is_found_between_the_steps(best):
    merit = Merit(best)
    choice = best_strength(baseline(*doubling(0.03, 6)), merit)
    assert abs(math.log(choice.strength / best)) <= math.log(2) / 8 + 1e-9  # half a step of a fourth root of 2
    assert not choice.at_end
    assert len(merit.asked) == len(set(merit.asked)) <= 10


@pytest.mark.parametrize(("best", "end"), [(0.001, 0.03), (50.0, 0.96)])
def test_an_end_is_told(best, end):
    assert best_strength(baseline(*doubling(0.03, 6)), Merit(best)) == Choice(pytest.approx(end), at_end=True)


@pytest.mark.parametrize(("best", "expected"), [(1, Choice(1)), (3.3, Choice(3)), (100, Choice(9, at_end=True))])
def test_whole_numbers_stay_whole_and_have_no_lower_end(best, expected):
    merit = Merit(best)
    assert best_strength(baseline(1, 3, 5, 7, 9, whole=True), merit) == expected
    assert merit.asked == [1, 3, 5, 7, 9]


def test_what_has_one_strength_is_not_tried():
    merit = Merit(1)
    assert best_strength(baseline(0.0), merit) == Choice(0.0)
    assert merit.asked == []


@pytest.mark.parametrize("noise", [0.02, 0.05, 0.2, 0.4, 1.0])
def test_every_filter_has_its_best_within_its_range(noise):
    """Blocks of random greys: little noise asks for little, and white noise for much."""
    blocks = np.kron(np.random.default_rng(0).integers(0, 256, (2, 8, 8, 1)), np.ones((1, 4, 4, 1)))
    clean = np.rint(gaussian_filter(blocks, (0, 0.7, 0.7, 0))).astype(np.uint8)
    noisy = np.stack([add_noise(image, "gaussian", noise, np.random.default_rng(1)) for image in clean])
    for tuned in (one for one in baselines.denoising() if one.is_tuned and not one.slow):

        def merit(strength, solve=tuned.solve):
            return -np.square(solve(noisy, strength).astype(float) - clean).mean()

        assert not best_strength(tuned, merit).at_end, tuned.key
