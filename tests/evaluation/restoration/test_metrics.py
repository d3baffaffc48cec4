import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.color import deltaE_cie76, lab2rgb
from sklearn.metrics import f1_score, jaccard_score

from isthmus.evaluation.restoration.metrics import chroma_error, dice, intersection_over_union, psnr_within


def test_psnr_of_the_holes_alone():
    truth = np.zeros((2, 4, 4, 3), np.uint8)
    given_, chosen = truth.copy(), np.zeros((2, 4, 4, 1), bool)
    chosen[:, 1:3, 1:3] = True
    given_[:, 1:3, 1:3] = 51  # a fifth of the range: 20 log10(5) = 13.98 dB
    given_[:, 0, 0] = 255  # outside, and so of no account
    np.testing.assert_allclose(psnr_within(truth, given_, chosen), 20 * np.log10(5))
    assert np.isnan(psnr_within(truth, given_, np.zeros_like(chosen))).all()


def test_colours_apart_in_lab():
    """Two greys of one lightness are no distance apart, and colours of one lightness as far as CIE says."""
    lab = np.tile([60.0, 0.0, 0.0], (1, 2, 2, 1))
    other = np.tile([60.0, 20.0, -10.0], (1, 2, 2, 1))
    truth, given_ = (np.rint(lab2rgb(image) * 255).astype(np.uint8) for image in (lab, other))
    np.testing.assert_allclose(chroma_error(truth, given_), deltaE_cie76(lab, other).mean(), rtol=0.03)
    np.testing.assert_allclose(chroma_error(truth, truth), 0.0)


@given(hnp.arrays(np.uint8, (2, 5, 5, 1), elements=st.integers(0, 4)), st.integers(1, 4), st.data())
def test_masks_are_measured_as_scikit_learn_does(truth, last, data):
    truth = np.minimum(truth, last)
    given_ = data.draw(hnp.arrays(np.uint8, truth.shape, elements=st.integers(0, last)))
    for index in range(2):
        mine, yours = truth[index].ravel(), given_[index].ravel()
        there = np.setdiff1d(np.union1d(mine, yours), [0])
        for measure, oracle in ((intersection_over_union, jaccard_score), (dice, f1_score)):
            expected = oracle(mine, yours, labels=there, average="macro") if len(there) else 1.0
            assert measure(truth, given_, last + 1)[index] == pytest.approx(expected)


@pytest.mark.parametrize("measure", [intersection_over_union, dice])
def test_a_prediction_of_background_alone_finds_nothing(measure):
    """One of eight classes in each image: the seven that are not there are no merit of the answer."""
    truth = np.zeros((8, 6, 6, 1), np.uint8)
    truth[:, 2:4, 2:5, 0] = np.arange(1, 9)[:, np.newaxis, np.newaxis]
    np.testing.assert_array_equal(measure(truth, np.zeros_like(truth), 9), 0.0)
    np.testing.assert_array_equal(measure(truth, truth, 9), 1.0)


def test_overlap_by_hand():
    """Class 1: 1 of 3 pixels; class 2: in the truth alone; class 3: in neither."""
    truth = np.array([1, 1, 2, 0], np.uint8).reshape(1, 2, 2, 1)
    given_ = np.array([0, 1, 1, 0], np.uint8).reshape(1, 2, 2, 1)
    assert intersection_over_union(truth, given_, 4) == pytest.approx([(1 / 3 + 0) / 2])
    assert dice(truth, given_, 4) == pytest.approx([(2 / 4 + 0) / 2])
    empty = np.zeros_like(truth)
    assert intersection_over_union(empty, empty, 4) == dice(empty, empty, 4) == 1.0
