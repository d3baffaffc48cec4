import errno
import os

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from isthmus.errors import RunError, StorageError
from isthmus.training.checkpoints import Checkpoints
from isthmus.training.fit import build_model
from isthmus.training.state import TrainingState
from isthmus.training.weights import state_of, weights_of


@pytest.fixture
def model(job, train_source):
    return lambda seed=0: build_model(job(training__seed=seed).recipe, train_source.spec)


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(tmp_path / "checkpoint")


def saved(model, checkpoints, *steps):
    for step in steps:
        checkpoints.save(model, TrainingState(step=step, best_loss=float(step), best_weights=weights_of(model)))


def test_gives_everything_back(model, checkpoints, assert_same):
    first, other = model(), model(seed=1)
    best = weights_of(other)
    state = TrainingState(
        step=7, epoch=1, seconds=1.5, history=[{"loss": 0.1}], best_loss=1 / 3, best_epoch=1, waited=1
    )
    state.best_weights = best
    checkpoints.save(first, state)
    again = checkpoints.restore(other)
    assert_same(state_of(other), state_of(first))
    assert_same(dict(sorted(again.best_weights.items())), dict(sorted(best.items())))
    assert again.to_json() == state.to_json()


def test_keeps_the_last_two(model, checkpoints, files_in):
    saved(model(), checkpoints, 3, 12, 100)
    assert files_in(checkpoints.folder) == ["step-000000012.safetensors", "step-000000100.safetensors"]
    assert checkpoints.restore(model()).step == 100


@pytest.mark.parametrize("harm", ["torn", "empty", "foreign"])
def test_a_damaged_one_is_passed_over(model, checkpoints, harm):
    saved(model(), checkpoints, 3, 12)
    last = checkpoints.folder / "step-000000012.safetensors"
    content = last.read_bytes()
    last.write_bytes({"torn": content[: len(content) // 2], "empty": b"", "foreign": b"\xff" * 99}[harm])
    assert checkpoints.restore(model()).step == 3


def test_going_on_drops_what_a_kill_left_and_nothing_that_may_be_needed(model, checkpoints, files_in):
    saved(model(), checkpoints, 3, 12)
    whole = (checkpoints.folder / "step-000000012.safetensors").read_bytes()
    for step, content in ((1, whole), (2, whole), (20, b"torn"), (30, b"torn")):
        (checkpoints.folder / f"step-{step:09d}.safetensors").write_bytes(content)
    assert checkpoints.restore(model()).step == 12
    assert [name[5:14].lstrip("0") for name in files_in(checkpoints.folder)] == ["3", "12", "20", "30"]


def test_none_whole(model, checkpoints):
    with pytest.raises(RunError, match="holds no whole checkpoint to resume from"):
        checkpoints.restore(model())
    checkpoints.folder.mkdir()
    (checkpoints.folder / "step-000000001.safetensors").write_bytes(b"")
    (checkpoints.folder / ".step-000000001-abc.part.safetensors").write_bytes(b"")
    with pytest.raises(RunError, match="holds no whole checkpoint"):
        checkpoints.restore(model())


def test_of_another_model(model, checkpoints, job, train_source):
    saved(model(), checkpoints, 3)
    with pytest.raises(RunError, match="does not fit this recipe"):
        checkpoints.restore(build_model(job(latent__dim=9).recipe, train_source.spec))


def test_a_full_disk_leaves_those_before(model, checkpoints, monkeypatch, files_in):
    saved(model(), checkpoints, 3, 12)
    before = files_in(checkpoints.folder)

    def full(path, content):
        with path.open("wb") as file:
            file.write(content[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(StorageError, match="full"):
        saved(model(), checkpoints, 20)
    assert files_in(checkpoints.folder) == before


def rewritten(path, change_state=lambda text: text, change_array=lambda array: array, part="state/model/"):
    """Change what a checkpoint says, or its first array of a part."""
    with safetensors.safe_open(path, framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        text = file.metadata()["training_state"]
    name = min(name for name in arrays if name.startswith(part))
    arrays[name] = change_array(arrays[name])
    kept = {name: array for name, array in arrays.items() if array is not None}
    safetensors.numpy.save_file(kept, path, {"training_state": change_state(text)})


def test_one_whose_state_was_changed_is_passed_over(model, checkpoints):
    saved(model(), checkpoints, 3, 12)
    rewritten(checkpoints.folder / "step-000000012.safetensors", lambda _: '{"step": "x"}')
    assert checkpoints.restore(model()).step == 3


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("state/model/", lambda a: None),
        ("state/optimiser/", lambda a: a.astype(np.complex64)),
        ("best/", lambda a: np.zeros((2, 3, 4, 5, 6), a.dtype)),
    ],
)
def test_one_whose_numbers_were_changed_is_refused_before_anything_is_trained(model, checkpoints, part, change):
    saved(model(), checkpoints, 12)
    rewritten(checkpoints.folder / "step-000000012.safetensors", change_array=change, part=part)
    with pytest.raises(RunError, match=r"step-000000012\.safetensors does not fit this recipe and image shape: "):
        checkpoints.restore(model())


def test_only_regular_files_count(model, checkpoints, tmp_path):
    saved(model(), checkpoints, 3, 12)
    (checkpoints.folder / "step-000000012.safetensors").rename(tmp_path / "outside")
    (checkpoints.folder / "step-000000012.safetensors").symlink_to(tmp_path / "outside")
    os.mkfifo(checkpoints.folder / "step-000000020.safetensors")
    assert checkpoints.restore(model()).step == 3
