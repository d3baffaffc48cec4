import numpy as np
from sklearn.neighbors import NearestNeighbors

from isthmus.data import as_source
from isthmus.explorer.cloud import encode_cloud, measure_distortions
from isthmus.explorer.job import BackgroundJob
from isthmus.scores import score


def test_the_cloud_holds_what_the_encoder_says(tiny_run, bars):
    source = as_source(bars[0])
    cloud = encode_cloud(tiny_run, source, "bars", BackgroundJob())
    np.testing.assert_allclose(cloud.codes, tiny_run.encode(bars[0])["mean"], atol=1e-6)
    np.testing.assert_allclose(cloud.rate, score(tiny_run, source).rate, rtol=1e-4)
    np.testing.assert_allclose(cloud.information[0].sum(), cloud.rate.mean(), rtol=1e-4)


def test_a_plain_autoencoder_tells_by_its_variance(tiny_ae_run, bars):
    cloud = encode_cloud(tiny_ae_run, as_source(bars[0]), "bars", BackgroundJob())
    assert not cloud.rate.any()
    np.testing.assert_allclose(cloud.information[0], cloud.codes.var(axis=0), rtol=1e-4)


def test_neighbours_are_those_of_scikit_learn(tiny_run, bars):
    cloud = encode_cloud(tiny_run, as_source(bars[0]), "bars", BackgroundJob())
    reference = NearestNeighbors(n_neighbors=7).fit(cloud.codes)
    for code in np.random.default_rng(0).normal(size=(20, 2)):
        indices, distances = cloud.neighbours(code.astype(np.float32), 7)
        expected, _ = reference.kneighbors(code[None])
        np.testing.assert_allclose(distances, expected[0], atol=1e-5)
        np.testing.assert_allclose(np.linalg.norm(cloud.codes[indices] - code, axis=1), distances, atol=1e-5)
    assert len(cloud.neighbours(cloud.codes[0], 10_000)[0]) == len(cloud.codes)


def test_distortions_are_as_large_as_scoring_finds_them(tiny_run, bars):
    source = as_source(bars[0])
    work = BackgroundJob()
    cloud = encode_cloud(tiny_run, source, "bars", work)
    found = measure_distortions(tiny_run, cloud, work)
    expected = score(tiny_run, source).distortion
    assert abs(found.mean() - expected.mean()) < 4 * expected.std() / np.sqrt(len(expected)) + 0.5
