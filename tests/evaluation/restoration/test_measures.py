import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.color import deltaE_cie76, lab2rgb
from sklearn.metrics import f1_score, jaccard_score

from isthmus.evaluation.restoration.measures import chroma_error, dice, intersection_over_union, psnr_within


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


@given(hnp.arrays(np.uint8, (2, 5, 5, 1), elements=st.integers(0, 3)), st.data())
def test_masks_are_measured_as_scikit_learn_does(truth, data):
    given_ = data.draw(hnp.arrays(np.uint8, truth.shape, elements=st.integers(0, 3)))
    for kind in range(4):
        for index in range(2):
            mine, yours = (mask[index].ravel() == kind for mask in (truth, given_))
            expected = jaccard_score(mine, yours, zero_division=1.0)
            assert intersection_over_union(truth, given_, kind)[index] == pytest.approx(expected)
            assert dice(truth, given_, kind)[index] == pytest.approx(f1_score(mine, yours, zero_division=1.0))
