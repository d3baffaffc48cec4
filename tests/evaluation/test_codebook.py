import numpy as np
import pytest
from scipy import stats

from isthmus.evaluation.codebook import codebook_rows, measure_codebook
from isthmus.evaluation.latent import latent_section, measure_latent
from isthmus.probability import latent_variable
from isthmus.recipes import Recipe, with_fields
from isthmus.runs import EncodedImages

FSQ = latent_variable(
    with_fields(Recipe(), {"latent": "fsq", "latent.grid": [1, 4], "latent.levels": [5, 2], "prior": "uniform"})
)


def codes_of(numbers):
    codes = FSQ.codebook.codes(np.asarray(numbers)).reshape(len(numbers), -1)
    return EncodedImages(None, FSQ, {"mean": codes})


def test_usage_and_perplexity_are_those_of_the_counts():
    found = measure_codebook(codes_of([[0, 0, 0, 3], [0, 7, 7, 3]]))
    assert (found.size, found.used, found.positions) == (10, 3, 8)
    assert found.share == pytest.approx(0.3)
    assert found.perplexity == pytest.approx(np.exp(stats.entropy([4, 2, 2])))


@pytest.mark.parametrize(
    ("numbers", "perplexity"), [(np.full((5, 4), 6), 1.0), (np.arange(40).reshape(10, 4) % 10, 10)]
)
def test_perplexity_goes_from_one_to_the_size(numbers, perplexity):
    assert measure_codebook(codes_of(numbers)).perplexity == pytest.approx(perplexity)


def test_the_table_has_the_codebook_and_nothing_of_dimensions():
    found = measure_latent(codes_of(np.arange(40).reshape(10, 4) % 10), 0)
    section = latent_section(found)
    assert section.rows == tuple(codebook_rows(found.codebook))
    assert [row.key for row in section.rows] == ["codebook_size", "codebook_usage", "codebook_perplexity"]
    assert "10 codes" in section["codebook_usage"].meaning
    assert (found.kl, found.information, found.holes) == (None, None, None)


def test_continuous_codes_have_none():
    codes = EncodedImages(None, latent_variable(Recipe()), {"mean": np.zeros((2, 2)), "log_variance": np.zeros((2, 2))})
    assert measure_codebook(codes) is None
