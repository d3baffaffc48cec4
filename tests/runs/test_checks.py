import re

import numpy as np
import pytest

from isthmus.errors import DataError
from isthmus.probability import latent_variable
from isthmus.recipes import Recipe
from isthmus.runs.checks import checked_codes


@pytest.mark.parametrize(
    "codes", [np.ones((3, 2), complex), np.array([[1j, 0.0]], object), [["a", "b"]], [[1.0, 2.0], [3.0]]], ids=str
)
def test_what_are_no_real_numbers_are_no_codes(codes):
    with pytest.raises(DataError, match=re.escape("expected codes as an array of shape (n, 2)")):
        checked_codes(codes, latent_variable(Recipe()))


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float16", "float64", object])
def test_codes_of_any_real_type_are_float32(dtype):
    found = checked_codes(np.ones((3, 2), dtype), latent_variable(Recipe()))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.ones((3, 2)))
