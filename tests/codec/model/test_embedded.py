"""A packed model in which one number is another: it is refused, or read in little memory and time."""

import contextlib
import json
import tracemalloc
import zlib

import pytest

from isthmus.codec.model.embedded import model_from_bytes
from isthmus.errors import ArchiveError


def numbers_in(value, path=()):
    """Paths to all numbers in JSON."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from numbers_in(inner, (*path, key))
    elif type(value) is int:
        yield path


def with_number(content, path, number):
    """The model with one number of its description replaced."""
    end = 4 + int.from_bytes(content[:4], "little")
    told = json.loads(zlib.decompress(content[4:end]))
    inner = told
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = number
    head = zlib.compress(json.dumps(told).encode(), 1)
    return len(head).to_bytes(4, "little") + head + content[end:]


@pytest.mark.parametrize("kind", ["bernoulli", "mixture"])
@pytest.mark.parametrize("number", [1 << 25, 1 << 33, 10**30])
def test_a_large_number_fills_no_memory(models, kind, number):
    content = models[kind].to_bytes()
    end = 4 + int.from_bytes(content[:4], "little")
    paths = list(numbers_in(json.loads(zlib.decompress(content[4:end]))))
    assert len(paths) > 100
    tracemalloc.start()
    try:
        for path in paths:
            with contextlib.suppress(ArchiveError):
                model_from_bytes(with_number(content, path, number))
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("path", [("encoder", "outputs", "mean", 1), ("encoder", "nodes", 2, "weights")])
def test_a_tensor_of_many_dimensions_is_refused(models, path):
    with pytest.raises(ArchiveError, match="embedded model"):
        model_from_bytes(with_number(models["bernoulli"].to_bytes(), path, [10**15] * 100_000))
