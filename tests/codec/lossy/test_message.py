import numpy as np
import pytest

from isthmus.codec.lossy import message
from isthmus.codec.lossy.message import Message
from isthmus.codec.lossy.quality import message_at
from isthmus.errors import ArchiveError, UsageError


def test_a_message_survives_its_bytes(make_statistics):
    given = message_at(make_statistics(), 60)
    back = Message.from_bytes(given.to_bytes(), 6)
    np.testing.assert_array_equal(back.quantised(), given.quantised())
    np.testing.assert_array_equal(back.grid.dequantise(back.quantised()), given.grid.dequantise(given.quantised()))


def test_one_image_is_enough(make_statistics):
    given = message_at(make_statistics(count=1), 60)
    content = given.to_bytes()
    np.testing.assert_array_equal(Message.from_bytes(content, 6).quantised(), given.quantised())
    assert len(content) < 60


def test_of_another_run_is_an_error(make_statistics):
    with pytest.raises(ArchiveError, match="expected codes of 7 dimensions, as the run has; the file has 6"):
        Message.from_bytes(message_at(make_statistics(), 60).to_bytes(), 7)


def test_a_cut_is_an_error(make_statistics):
    """Cut at the end of a word, the rest may be read as other codes; the archive's checksum is there for that."""
    content = message_at(make_statistics(count=5), 60).to_bytes()
    for end in range(len(content)):
        if (len(content) - end) % 4:
            with pytest.raises(ArchiveError):
                Message.from_bytes(content[:end], 6).quantised()


def test_more_than_could_be_read_is_not_written(make_statistics, monkeypatch):
    monkeypatch.setattr(message, "MOST_NUMBERS", 29)
    with pytest.raises(UsageError, match=r"29 in all; got 5 of 6"):
        message_at(make_statistics(count=5), 60).to_bytes()


def test_no_image_is_an_error(make_statistics):
    content = message_at(make_statistics(count=5), 60).to_bytes()
    with pytest.raises(ArchiveError, match="damaged"):
        Message.from_bytes(bytes(4) + content[4:], 6)
