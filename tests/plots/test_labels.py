import numpy as np

from isthmus.plots.labels import clear_places

WINDOW = np.array([0.0, 0.0]), np.array([400.0, 300.0])


def test_a_label_without_points_around_stays_where_it_is():
    points = np.array([[10.0, 10.0], [390.0, 290.0]])
    (middle,) = clear_places(np.array([[40.0, 16.0]]), np.array([[200.0, 150.0]]), points, WINDOW)
    np.testing.assert_allclose(middle, [200, 150], atol=8)  # places stand some pixels apart


def test_a_label_moves_off_a_cluster_and_no_further():
    rng = np.random.default_rng(0)
    points = np.array([200.0, 150.0]) + rng.uniform(-30, 30, (500, 2))
    (middle,) = clear_places(np.array([[40.0, 16.0]]), np.array([[200.0, 150.0]]), points, WINDOW)
    assert not ((np.abs(points - middle) < [20, 8]).all(axis=1)).any()
    assert np.linalg.norm(middle - [200, 150]) < 60


def test_labels_keep_off_each_other_even_where_all_is_full():
    rng = np.random.default_rng(1)
    points = rng.uniform(0, [400, 300], (2000, 2))
    middles = clear_places(np.full((12, 2), [60.0, 18.0]), np.full((12, 2), [390.0, 290.0]), points, WINDOW)
    for k, middle in enumerate(middles):
        assert (middle >= [30, 9]).all()
        assert (middle <= [370, 291]).all()
        assert (np.abs(middles[:k] - middle) >= [60, 18]).any(axis=1).all()


def test_a_label_wider_than_the_window_is_centred():
    (middle,) = clear_places(np.array([[900.0, 16.0]]), np.array([[10.0, 150.0]]), np.zeros((1, 2)), WINDOW)
    assert middle[0] == 200
