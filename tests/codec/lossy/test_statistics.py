import numpy as np
import pytest

from isthmus.codec.lossy.statistics import PRIOR_IMAGES, code_statistics


def test_many_images_speak_for_themselves(tiny_run, bars):
    posterior = tiny_run.encode(np.tile(bars[0], (20, 1, 1, 1)))
    found = code_statistics(tiny_run, posterior)
    np.testing.assert_allclose(found.means, posterior["mean"].mean(axis=0), atol=0.02)
    np.testing.assert_allclose(found.deviations, posterior["mean"].std(axis=0), rtol=0.05)
    np.testing.assert_allclose(np.square(found.tolerances), np.exp(posterior["log_variance"]).mean(axis=0), rtol=1e-5)


def test_one_image_leans_on_the_run(tiny_run, bars):
    posterior = tiny_run.encode(bars[0][:1])
    found = code_statistics(tiny_run, posterior)
    known, _ = tiny_run.code_density().moments()
    np.testing.assert_allclose(
        found.means, (posterior["mean"][0] + PRIOR_IMAGES * known) / (1 + PRIOR_IMAGES), rtol=1e-5
    )
    assert (found.deviations > 0).all()


def test_a_plain_autoencoder_has_one_tolerance(tiny_ae_run, bars):
    found = code_statistics(tiny_ae_run, tiny_ae_run.encode(bars[0]))
    assert len(set(found.tolerances)) == 1
    assert found.tolerances[0] == pytest.approx(np.sqrt(np.mean(tiny_ae_run.code_density().moments()[1])))
