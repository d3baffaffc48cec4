import pytest

from isthmus.codec.files.selection import ArchiveSelection


@pytest.mark.parametrize(
    ("only", "places", "missing"),
    [
        (["3"], {2}, []),
        (["3", "3"], {2}, []),
        (["3", "c"], {2}, []),
        (["1"], {4}, []),  # the name, not the number
        (["1", "2"], {1, 4}, []),
        (["twice"], {5, 6}, []),
        (["6", "7"], {5, 6}, []),
        (["0", "03", "8", "nobody"], set(), ["0", "03", "8", "nobody"]),
    ],
)
def test_a_name_goes_before_a_number(only, places, missing):
    selection = ArchiveSelection(only)
    looked = [selection.look(0, ["a", "b", "c"]), selection.look(3, ["d", "1"]), selection.look(5, ["twice", "twice"])]
    assert (selection.numbers, selection.missing) == (places, missing)
    assert any(looked) == bool(places)
