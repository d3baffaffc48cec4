import threading

import numpy as np
import pytest

from isthmus.errors import DataError, UsageError
from isthmus.explorer.service import Service


def test_it_says_what_the_run_is(service):
    about = service.describe()
    assert about["latentDim"] == 2
    assert about["image"] == {"height": 12, "width": 10, "channels": 1}
    assert about["data"]["count"] == 120
    assert about["hasRate"]
    assert about["isLikelihood"]
    assert all(about["capabilities"].values())
    assert about["falseColour"] == ""


def test_bands_are_shown_in_false_colour_and_not_encoded(bands_run, bands, finish):
    service = Service(bands_run, bands)
    about = service.describe()
    assert about["image"]["channels"] == 3
    assert about["falseColour"] == "channels 1, 2, 3 of 5 shown as red, green, blue"
    assert not about["capabilities"]["encode"]
    with pytest.raises(DataError, match="takes no images of 5 channels"):
        service.prepare(b"")
    codes = bands_run.encode(bands[:4])["mean"]
    np.testing.assert_array_equal(finish(service.decode(codes)), bands_run.decode(codes)[..., :3])


def test_codes_are_decoded_as_the_run_does(service, tiny_run, finish):
    codes = np.random.default_rng(0).standard_normal((5, 2)).astype(np.float32)
    np.testing.assert_array_equal(finish(service.decode(codes)), tiny_run.decode(codes))


def test_an_image_of_the_data_ranks_where_its_cost_stands_among_the_data(service, others, finish):
    found = finish(service.encode(others[0]))
    assert found.mean.shape == (120, 2)
    costs = found.rate + found.distortion
    gaps = costs[:, None] - costs
    rounding = 1e-5 * costs.max()
    rank = np.rint(found.percentile / 100 * len(costs))
    assert (rank >= np.count_nonzero(gaps > rounding, axis=1)).all()
    assert (rank <= np.count_nonzero(gaps > -rounding, axis=1)).all()
    noise = np.random.default_rng(0).integers(0, 256, (3, 12, 10, 1), dtype=np.uint8)
    assert (finish(service.encode(noise)).percentile > 99).all()


def test_pixels_drawn_black_or_white_are_the_same_whatever_is_asked_for_beside_them(
    stochastic_run, others, wait_for, finish
):
    """One image has one code and one cost, alone, amid others, and as a point of the cloud."""
    images = others[0][:6]
    service = Service(stochastic_run, others)
    service.start()
    wait_for(lambda: service.distortions.result is not None)
    alone = finish(service.encode(images[5:]))
    repeated = finish(service.encode(images[[5, 5, 0, 5]]))
    for name in ("mean", "log_variance", "rate", "distortion", "percentile"):
        one, among = getattr(alone, name), getattr(repeated, name)
        np.testing.assert_allclose(among[[0, 1, 3]], one[[0, 0, 0]], rtol=1e-5)
    together = finish(service.encode(images))
    np.testing.assert_allclose(service.cloud.result.codes[:6], together.mean, rtol=1e-5)
    np.testing.assert_allclose(service.cloud.result.rate[:6], together.rate, rtol=1e-5)
    np.testing.assert_allclose(service.distortions.result[:6], together.distortion, rtol=1e-5)
    # What was shown was black or white: neither the grey image nor an image of nothing.
    assert np.abs(stochastic_run.encode(images)["mean"] - together.mean).max() > 1e-3


def test_the_scale_of_a_plain_autoencoder_is_that_of_its_codes(tiny_ae_run, bars):
    service = Service(tiny_ae_run, bars)
    codes = tiny_ae_run.encode(bars[0])["mean"]
    centre, deviation = service.scale
    assert np.abs(centre - codes.mean(axis=0)).max() < 0.2 * codes.std(axis=0).max()
    np.testing.assert_allclose(deviation, codes.std(axis=0), rtol=0.25)


def test_without_images_it_works_from_the_prior_alone(tiny_run, wait_for, finish):
    service = Service(tiny_run)
    service.start()
    wait_for(lambda: service.cloud.error)
    about = service.describe()
    assert not about["capabilities"]["points"]
    assert "--data DATA" in about["note"]
    assert finish(service.decode(np.zeros((1, 2), np.float32))).shape == (1, 12, 10, 1)
    assert finish(service.encode(np.zeros((1, 12, 10, 1), np.uint8))).percentile is None


def test_no_more_images_than_asked_for_and_from_all_over_the_set(tiny_run, others, wait_for):
    service = Service(tiny_run, others, images=10)
    service.start()
    wait_for(lambda: service.cloud.result is not None)
    assert len(service.cloud.result.codes) == 10
    assert {int(name) for name in service.cloud.result.source.names} >= {0, 119}


def test_what_there_is_not_is_refused(service):
    with pytest.raises(UsageError, match="expected a projection of latent"):
        service.projection("pca")
    with pytest.raises(UsageError, match="from 0 to 119"):
        service.images([120])


def test_a_run_that_restores_is_refused(tiny_restorer):
    with pytest.raises(UsageError, match=r"`isthmus restore .*` puts it to use"):
        Service(tiny_restorer)


def test_it_says_whether_all_has_ended(tiny_run, others):
    service = Service(tiny_run, others)
    assert service.stop()
    service.start()
    assert service.stop(patience=30.0)
    hold = threading.Event()
    service.distortions.start(lambda work: hold.wait(60))
    assert not service.stop(patience=0.05)
    hold.set()
    assert service.stop(patience=30.0)
