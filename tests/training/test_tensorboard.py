import io

import numpy as np
import pytest
from PIL import Image

import isthmus
from isthmus.errors import BackendError
from isthmus.runs import folder
from isthmus.runs.history import read_history
from isthmus.training import backends


def test_without_the_package_nothing_is_trained_and_the_extra_is_named(bars, tiny_recipe, tmp_path, monkeypatch):
    find = backends.importlib.util.find_spec
    monkeypatch.setattr(
        backends.importlib.util, "find_spec", lambda name, *rest: None if name == "tensorboard" else find(name, *rest)
    )
    with pytest.raises(BackendError, match=r"isthmus\[tensorboard\]"):
        isthmus.train(bars, tiny_recipe, tmp_path / "run", tensorboard=True)
    assert not list(tmp_path.iterdir())


def test_what_was_not_asked_for_is_not_written(tiny_run):
    assert not (tiny_run.path / folder.TENSORBOARD).exists()


def test_tensorboard_reads_losses_and_images(bars, tiny_recipe, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = isthmus.train(bars, tiny_recipe, tmp_path / "run", tensorboard=True, report=False)
    read = EventAccumulator(str(run.path / folder.TENSORBOARD), size_guidance={"images": 0, "scalars": 0})
    read.Reload()
    history = read_history(run.path, run.manifest)
    for tag, column in (("loss/training", "loss"), ("loss/validation", "val_loss"), ("rate/training", "rate")):
        found = read.Scalars(tag)
        assert [event.step for event in found] == [1, 2]
        np.testing.assert_allclose([event.value for event in found], history[column], rtol=1e-6)
    assert "learning_rate" in str(read.Tags())
    pictures = read.Images("reconstructions")
    assert [event.step for event in pictures] == [0, 1, 2]
    last = np.asarray(Image.open(io.BytesIO(pictures[-1].encoded_image_string)).convert("RGB"))
    frame = np.asarray(Image.open(run.path / folder.PICTURES / "epoch-0002.png").convert("RGB"))
    np.testing.assert_array_equal(last, frame)


@pytest.mark.parametrize(
    ("column", "tag"), [("loss", "loss/training"), ("val_loss", "loss/validation"), ("mse", "mse/training")]
)
def test_one_term_is_one_group(column, tag):
    from isthmus.training.tensorboard import tag_of

    assert tag_of(column) == tag
