import numpy as np

from isthmus.plots.of_run import decoder_of, information_of, range_of, terms_of


def test_what_a_gaussian_dimension_tells_is_its_kl(tiny_run):
    posterior = {
        "mean": np.array([[1.0, 0.0], [3.0, 0.0]], np.float32),
        "log_variance": np.array([[0.0, 0.0], [0.0, 0.0]], np.float32),
    }
    information, unit = information_of(tiny_run, posterior)
    np.testing.assert_allclose(information, [(0.5 + 4.5) / 2, 0.0])  # mean² / 2 for unit variance
    assert unit == "nats"


def test_what_a_point_dimension_tells_is_its_variance(tiny_ae_run):
    codes = np.array([[1.0, 5.0, 0.0], [3.0, 5.0, 4.0]], np.float32)
    information, unit = information_of(tiny_ae_run, {"mean": codes})
    np.testing.assert_allclose(information, [1.0, 0.0, 4.0])
    assert unit == "variance"


def test_traversals_end_where_codes_do(tiny_run, tiny_ae_run):
    codes = np.arange(303, dtype=np.float32).reshape(101, 3)
    assert range_of(tiny_run, codes) == (-3.0, 3.0)
    low, high = range_of(tiny_ae_run, codes)
    assert (low, high) == tuple(np.percentile(codes, (1, 99)))
    low, high = range_of(tiny_ae_run, np.zeros((4, 3), np.float32))
    assert low < high


def test_the_decoder_gives_what_the_run_decodes(tiny_run):
    codes = np.zeros((3, 2), np.float32)
    np.testing.assert_array_equal(decoder_of(tiny_run)(codes), tiny_run.decode(codes))


def test_terms_in_nats_alone_and_no_curve_twice(tiny_run, tiny_ae_run):
    columns = {"epoch": 1, "loss": 1, "mse": 1, "distortion": 1, "rate": 1, "val_loss": 1}
    assert terms_of(tiny_run, columns) == ["loss", "distortion", "rate"]
    assert terms_of(tiny_ae_run, columns) == ["loss"]
