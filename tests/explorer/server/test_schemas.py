import json

import pytest
from pydantic import ValidationError

from isthmus.explorer.server.schemas import DecodeRequest, SampleRequest


@pytest.mark.parametrize("count", ["3", "3.0", "3e0"])
def test_a_whole_number_is_whole_however_it_is_written(count):
    assert SampleRequest.model_validate(json.loads(f'{{"count": {count}}}')).count == 3


@pytest.mark.parametrize("count", ["3.5", '"3"', "true", "null", "0", "NaN", "[3]"])
def test_nothing_else_is_taken_for_one(count):
    with pytest.raises(ValidationError):
        SampleRequest.model_validate(json.loads(f'{{"count": {count}}}'))


@pytest.mark.parametrize("number", ["1e7", "-1e7", "1e999", "NaN", "Infinity", '"1"', "true", "null", "9" * 400])
def test_coordinates_are_finite_and_not_too_large(number):
    with pytest.raises(ValidationError):
        DecodeRequest.model_validate(json.loads(f'{{"codes": [[{number}]]}}'))
