import pytest

from isthmus.errors import UsageError
from isthmus.plots.formats import known_suffix


def test_known_suffix(tmp_path):
    assert known_suffix(tmp_path / "a.PNG", ("png", "svg")) == "png"
    with pytest.raises(UsageError, match=r"'a\.xyz' to end in one of \.png, \.svg; got '\.xyz'"):
        known_suffix(tmp_path / "a.xyz", ("png", "svg"))
    with pytest.raises(UsageError, match="got no suffix"):
        known_suffix(tmp_path / "a", ("png",))
