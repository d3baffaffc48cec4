import pytest

from isthmus.data.limits import DEFAULT_MEMORY, cache_limit, memory_limit, parse_bytes, require_memory
from isthmus.errors import DataError, UsageError


@pytest.mark.parametrize(
    ("text", "size"),
    [("1073741824", 1 << 30), ("2GiB", 2 << 30), ("500 MB", 500_000_000), ("1.5k", 1500), ("3ti", 3 << 40), ("7b", 7)],
)
def test_sizes(text, size):
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "much", "-1GB", "1 i", "1e9", "2GiBs"])
def test_no_sizes(text):
    with pytest.raises(UsageError, match="expected a size such as 500MB"):
        parse_bytes(text)


def test_the_environment_sets_them(monkeypatch):
    assert memory_limit() == DEFAULT_MEMORY
    monkeypatch.setenv("ISTHMUS_MEMORY", "10MB")
    monkeypatch.setenv("ISTHMUS_CACHE_LIMIT", "3GiB")
    assert (memory_limit(), cache_limit()) == (10_000_000, 3 << 30)
    monkeypatch.setenv("ISTHMUS_MEMORY", "lots")
    with pytest.raises(UsageError, match="ISTHMUS_MEMORY: expected a size"):
        memory_limit()


def test_what_is_too_much_says_how_to_allow_it(monkeypatch):
    monkeypatch.setenv("ISTHMUS_MEMORY", "1MiB")
    require_memory(1 << 20, "a file")
    with pytest.raises(DataError, match=r"a file takes 2 MiB of memory, and at most 1 MiB.*ISTHMUS_MEMORY="):
        require_memory(2 << 20, "a file")
