import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.codec.lossy.archive import MAGIC, LossyArchive, numbered
from isthmus.codec.lossy.grid import Grid
from isthmus.codec.lossy.message import Message
from isthmus.errors import ArchiveError

GRID = Grid(np.zeros(2, np.int64), np.zeros(2, np.int64), np.zeros(2, np.int64))
MESSAGE = Message.of(GRID, np.array([[0, 1], [-1, 0], [2, -3]], np.int32)).to_bytes()
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


@pytest.mark.parametrize("names", [("a", "b", "c"), numbered(3)])
def test_every_changed_byte_is_an_error(names):
    content = LossyArchive(PRINT, names, MESSAGE).to_bytes()
    for place in range(len(content)):
        for change in range(1, 256):
            damaged = bytearray(content)
            damaged[place] ^= change
            with pytest.raises(ArchiveError):
                LossyArchive.from_bytes(bytes(damaged))


@pytest.mark.parametrize("names", [("a", "b", "c"), numbered(3)])
def test_every_cut_is_an_error(names):
    content = LossyArchive(PRINT, names, MESSAGE).to_bytes()
    for end in range(len(content)):
        with pytest.raises(ArchiveError):
            LossyArchive.from_bytes(content[:end])


def test_few_bytes_do_not_tell_of_millions_of_images():
    """Not even of those whose names would fill the memory."""
    many = struct.pack("<I", 4_000_000) + MESSAGE[4:]
    for names in (numbered(3), ("a", "b", "c")):
        body = LossyArchive(PRINT, names, many).to_bytes()
        with pytest.raises(ArchiveError, match="cannot hold 4000000 codes"):
            LossyArchive.from_bytes(body)


@given(st.binary(max_size=80))
def test_other_files_are_no_archives(content):
    with pytest.raises(ArchiveError):
        LossyArchive.from_bytes(content)


def test_a_newer_format_says_so():
    content = bytearray(LossyArchive(PRINT, numbered(3), MESSAGE).to_bytes())
    content[len(MAGIC)] = 9
    with pytest.raises(ArchiveError, match="format 9; this isthmus reads up to 1"):
        LossyArchive.from_bytes(bytes(content))
