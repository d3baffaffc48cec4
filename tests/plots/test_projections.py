import numpy as np
import pytest

from isthmus.errors import UsageError
from isthmus.plots.projections import project


def codes(count=60, dims=6):
    return np.random.default_rng(0).normal(size=(count, dims)) * np.arange(dims, 0, -1) + 5


def test_pca_agrees_with_the_covariances_eigenvectors():
    array = codes()
    projection = project(array)
    values, vectors = np.linalg.eigh(np.cov(array.T))
    expected = (array - array.mean(0)) @ vectors[:, ::-1][:, :2]
    np.testing.assert_allclose(np.abs(projection.codes), np.abs(expected), atol=1e-9)
    shares = values[::-1] / values.sum()
    assert projection.axis_labels == tuple(f"PC{k + 1} ({100 * shares[k]:.1f}% of the variance)" for k in range(2))


def test_tsne_keeps_clusters_together_and_follows_its_seed():
    centres = np.repeat(40 * np.eye(3, 5), 8, axis=0)
    array = centres + np.random.default_rng(0).normal(size=centres.shape)
    one, same = project(array, "tsne", seed=1), project(array, "tsne", seed=1)
    np.testing.assert_array_equal(one.codes, same.codes)
    assert one.axis_labels == ("t-SNE 1", "t-SNE 2")
    distances = np.linalg.norm(one.codes[:, None] - one.codes[None], axis=2) + 1e9 * np.eye(24)
    assert (distances.argmin(1) // 8 == np.arange(24) // 8).all()


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_too_little_to_project(method):
    with pytest.raises(UsageError, match="got 3 of 6"):
        project(codes(3), method)
    with pytest.raises(UsageError, match="got 60 of 1"):
        project(codes(60, 1), method)
    assert project(codes(4), method).codes.shape == (4, 2)


def test_codes_that_are_all_the_same():
    with pytest.raises(UsageError, match="collapsed"):
        project(np.ones((5, 3)))


def test_unknown_method():
    with pytest.raises(UsageError, match="pca, tsne; got 'umap'"):
        project(codes(), "umap")
