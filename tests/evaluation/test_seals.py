import stat

import pytest

from isthmus.data import cache_folder
from isthmus.evaluation.seals import SECRET, is_sealed, seal

VALUES = {"a": [1, 2.5], "b": None}


def test_a_seal_fits_its_values_alone():
    made = seal(VALUES)
    assert is_sealed({"b": None, "a": [1, 2.5]}, made)
    assert not is_sealed({**VALUES, "a": [1, 2.6]}, made)
    assert not is_sealed(VALUES, "")


def test_another_machine_makes_other_seals(monkeypatch, tmp_path):
    made = seal(VALUES)
    monkeypatch.setenv("ISTHMUS_CACHE", str(tmp_path / "another"))
    assert not is_sealed(VALUES, made)
    assert seal(VALUES) != made


def test_only_its_owner_can_read_the_secret():
    seal(VALUES)
    assert stat.S_IMODE((cache_folder() / SECRET).stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"short", bytes(33)])
def test_a_damaged_secret_is_replaced(content):
    cache_folder().mkdir(parents=True)
    (cache_folder() / SECRET).write_bytes(content)
    assert not is_sealed(VALUES, "")
    assert is_sealed(VALUES, seal(VALUES))


def test_without_a_cache_nothing_is_sealed(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("ISTHMUS_CACHE", str(tmp_path / "file"))
    assert seal(VALUES) == ""
    assert not is_sealed(VALUES, "")
