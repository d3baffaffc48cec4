import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.codec.lossy.archive import MAGIC, LossyArchive, fingerprint_of, numbered
from isthmus.errors import ArchiveError

MESSAGE = (3).to_bytes(4, "little") + bytes(range(40))
PRINT = bytes(range(8))


@pytest.mark.parametrize("names", [("a", "b/c", "ü"), ("cat-01.png", "cat-02.png", "cat-03.png"), numbered(3)])
def test_an_archive_survives_its_bytes(names):
    archive = LossyArchive(PRINT, names, MESSAGE)
    assert LossyArchive.from_bytes(archive.to_bytes()) == archive


def test_plain_numbers_take_no_bytes():
    assert len(LossyArchive(PRINT, numbered(3), MESSAGE).to_bytes()) == len(MESSAGE) + 18


def test_numbers_are_of_one_length():
    assert numbered(1) == ("0",)
    assert numbered(11)[:2] == ("00", "01")


@given(st.data())
def test_every_changed_byte_is_an_error(data):
    content = bytearray(LossyArchive(PRINT, ("a", "b", "c"), MESSAGE).to_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ArchiveError):
        LossyArchive.from_bytes(bytes(content))


@given(st.integers(0, 60))
def test_every_cut_is_an_error(end):
    content = LossyArchive(PRINT, ("a", "b", "c"), MESSAGE).to_bytes()
    with pytest.raises(ArchiveError):
        LossyArchive.from_bytes(content[: min(end, len(content) - 1)])


@given(st.binary(max_size=80))
def test_other_files_are_no_archives(content):
    with pytest.raises(ArchiveError):
        LossyArchive.from_bytes(content)


def test_a_newer_format_says_so():
    content = bytearray(LossyArchive(PRINT, numbered(3), MESSAGE).to_bytes())
    content[len(MAGIC)] = 9
    with pytest.raises(ArchiveError, match="format 9; this isthmus reads up to 1"):
        LossyArchive.from_bytes(bytes(content))


def test_a_fingerprint_is_the_start_of_a_checksum():
    assert fingerprint_of("00ff" * 16) == b"\x00\xff" * 4
