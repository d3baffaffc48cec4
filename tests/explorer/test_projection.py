import numpy as np
import pytest
from sklearn.decomposition import PCA

from isthmus.errors import UsageError
from isthmus.explorer.projection import project, projections_for


def codes(dim, count=300, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((count, dim)) * np.arange(1, dim + 1) + 3).astype(np.float32)


def test_two_dimensions_are_shown_as_they_are():
    array = codes(2)
    found = project(array, "latent")
    np.testing.assert_array_equal(found.places, array)
    np.testing.assert_array_equal(found.axes, np.eye(2))


def test_one_dimension_lies_on_the_first_axis():
    array = codes(1)
    found = project(array, "latent")
    np.testing.assert_array_equal(found.places[:, 0], array[:, 0])
    np.testing.assert_array_equal(found.axes, [[1], [0]])


@pytest.mark.parametrize("dim", [3, 16, 100])
def test_pca_is_the_one_of_scikit_learn_up_to_signs(dim):
    array = codes(dim)
    found = project(array, "pca")
    reference = PCA(2, svd_solver="full").fit(array.astype(np.float64))
    np.testing.assert_allclose(np.abs(found.axes), np.abs(reference.components_), atol=1e-4)
    np.testing.assert_allclose(np.abs(found.places), np.abs(reference.transform(array)), atol=2e-3)
    np.testing.assert_allclose(found.places, (array - found.centre) @ found.axes.T, atol=2e-3)
    np.testing.assert_allclose(found.axes @ found.axes.T, np.eye(2), atol=1e-5)
    assert f"{reference.explained_variance_ratio_[0]:.0%}" in found.names[0]


def test_codes_that_are_all_the_same_still_have_a_plane():
    found = project(np.ones((10, 4), np.float32), "pca")
    assert np.isfinite(found.places).all()


def test_what_there_is_follows_from_the_dimensions():
    assert projections_for(1) == projections_for(2) == ("latent",)
    assert projections_for(3)[0] == "pca"
    with pytest.raises(UsageError, match="expected a projection of latent"):
        project(codes(2), "pca")


@pytest.mark.slow
def test_umap_keeps_neighbours_together():
    pytest.importorskip("umap")
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(3), 60)
    array = (10 * np.eye(6)[groups] + rng.standard_normal((180, 6))).astype(np.float32)
    found = project(array, "umap")
    assert found.axes is None
    middles = np.stack([found.places[groups == g].mean(axis=0) for g in range(3)])
    nearest = np.linalg.norm(found.places[:, None] - middles, axis=-1).argmin(axis=1)
    assert (nearest == groups).mean() > 0.98
