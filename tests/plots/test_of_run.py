import numpy as np

from isthmus.plots.of_run import decoder_of, range_of, terms_of


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
    assert terms_of(tiny_ae_run, {**columns, "dissimilarity": 1}) == ["loss", "dissimilarity", "distortion"]
