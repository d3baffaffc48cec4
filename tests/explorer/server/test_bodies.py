import pytest
from pydantic import ValidationError

from isthmus.explorer.server import bodies


@pytest.mark.parametrize("count", ["3", "3.0", "3e0"])
def test_a_whole_number_is_whole_however_it_is_written(count):
    assert bodies.SampleRequest.model_validate_json(f'{{"count": {count}}}').count == 3


@pytest.mark.parametrize("count", ["3.5", '"3"', "true", "null", "0", "NaN", "[3]"])
def test_nothing_else_is_taken_for_one(count):
    with pytest.raises(ValidationError):
        bodies.SampleRequest.model_validate_json(f'{{"count": {count}}}')


@pytest.mark.parametrize("number", ["1e7", "-1e7", "1e999", "NaN", "Infinity", '"1"', "true", "null"])
def test_numbers_of_codes_are_finite_and_not_too_large(number):
    with pytest.raises(ValidationError):
        bodies.DecodeRequest.model_validate_json(f'{{"codes": [[{number}]]}}')


def test_every_body_is_described():
    schemas = bodies.schemas()
    assert schemas["Fault"]["properties"]["error"]["type"] == "string"
    assert schemas["EncodeRequest"]["additionalProperties"] is False
