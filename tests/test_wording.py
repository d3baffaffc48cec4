import pytest

from isthmus.wording import spell_bytes, spell_seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.01234, "0.0123 s"),
        (45, "45 s"),
        (119.9, "120 s"),
        (121, "2 min 1 s"),
        (3599.6, "1 h 0 min"),
        (7320, "2 h 2 min"),
    ],
)
def test_seconds(seconds, text):
    assert spell_seconds(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1 KiB"), (5 * 2**20, "5 MiB"), (3 * 2**40, "3072 GiB")],
)
def test_bytes(count, text):
    assert spell_bytes(count) == text
