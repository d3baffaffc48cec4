import math

import numpy as np
import pytest

from isthmus.evaluation.table import Row, Section, mean_row, nats_rows, share_row


def test_a_figure_in_nats_is_given_in_bits_per_dimension_too():
    nats, bits = nats_rows("rate", "rate", np.array([10.0, 14.0]), 6, "What a code costs.")
    assert (nats.key, nats.value, nats.standard_error, nats.unit) == ("rate_nats", 12.0, pytest.approx(2.0), "nats")
    assert bits.key == "rate_bits_per_dim"
    assert bits.value == pytest.approx(2.0 / math.log(2.0))
    assert bits.standard_error == pytest.approx(2.0 / 6 / math.log(2.0))


def test_a_log_probability_is_a_cost_in_bits():
    nats, bits = nats_rows("elbo", "ELBO", np.array([-10.0, -14.0]), 6, "A bound.", cost=False)
    assert nats.value == -12.0
    assert bits.value == pytest.approx(2.0 / math.log(2.0))


def test_one_image_has_no_standard_error():
    assert mean_row("mse", "MSE", np.array([0.5]), "", "").standard_error is None


def test_a_share_has_a_binomial_error():
    assert share_row("k", "k", 0.5, 100, "").standard_error == pytest.approx(0.05)


def test_a_section_finds_its_rows_and_survives_json():
    section = Section("latent", "Latent space", (Row("dims", "dimensions", 2.0), Row("mi", "MI", None)), "a note")
    assert section["dims"].value == 2.0
    assert Section.from_json(section.to_json()) == section
    with pytest.raises(KeyError):
        section["nothing"]
