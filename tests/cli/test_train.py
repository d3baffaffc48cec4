import hashlib
import json
import re

import numpy as np
import pytest


def test_train_leaves_a_run_whose_manifest_is_true(trained):
    run, done = trained
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["state"] == "complete"
    assert {"recipe.json", "weights.safetensors", "encoder.onnx", "decoder.onnx", "history.csv", "metrics.json"} <= set(
        manifest["files"]
    )
    for name, entry in manifest["files"].items():
        content = (run / name).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (entry["sha256"], entry["bytes"])
    assert "nats per image" in done.stdout
    assert f"isthmus sample runs/{run.name}" in done.stdout
    assert "training: " in done.stderr
    assert not re.search(r"TensorFlow|absl::|\.cc:\d+\]", done.stderr), done.stderr
    assert "training:" not in done.stdout


def test_the_film_has_a_frame_before_training_and_one_for_each_epoch(trained):
    from PIL import Image

    run, _ = trained
    assert sorted(path.name for path in (run / "pictures").glob("epoch-*")) == [
        f"epoch-{epoch:04d}.png" for epoch in range(21)
    ]
    with Image.open(run / "pictures" / "training.gif") as film:
        assert film.n_frames == 21


def test_json_is_one_object_and_nothing_else(isthmus, tmp_path):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).integers(0, 256, (60, 8, 8, 1), np.uint8))
    done = isthmus("train", "x.npy", "--recipe", "dense-ae", "--latent-dim", 2, "--epochs", 1, "--out", "run", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["state"] == "complete"
    assert answer["metrics"]["mse"]["mean"] > 0


def test_dry_run_says_what_it_takes_and_writes_nothing(isthmus, tmp_path):
    done = isthmus("train", "digits", "--recipe", "conv-vae", "--dry-run")
    assert done.returncode == 0, done.stderr
    # Convolutions 32 and 64 of 3x3, and two heads of 2 on 6x6x64 features.
    encoder = (9 * 1 * 32 + 32) + (9 * 32 * 64 + 64) + 2 * (6 * 6 * 64 * 2 + 2)
    assert f"{encoder:,} in the encoder" in done.stdout
    assert "about" in done.stdout
    assert list(tmp_path.iterdir()) == []


BAD_CALLS = {
    "data": (["train", "digitz", "--out", "run"], 2, "did you mean 'digits'"),
    "recipe": (["train", "digits", "--recipe", "vae", "--out", "run"], 2, "there is no recipe 'vae'"),
    "field": (["train", "digits", "--set", "objective.betta=4"], 2, "nearest is objective.beta"),
    "fields": (["train", "digits", "--set", "bet=4", "--set", "latent.dims=3"], 2, "latent.dims: no such field"),
    "assignment": (["train", "digits", "--set", "objective.beta"], 2, "expected FIELD=VALUE"),
    "no latent": (["train", "digits", "--latent-dim", "0"], 2, "latent.dim: input should be greater than 0"),
    "warm-up": (
        ["train", "digits", "--set", "objective.beta_warmup_epochs=9", "--epochs", "3"],
        2,
        "longer than the training",
    ),
    "backend": (["train", "digits", "--backend", "theano"], 1, "tensorflow, jax, torch"),
    "resume nothing": (["train", "digits", "--resume"], 2, "--resume needs --out"),
    "resume no run": (["train", "digits", "--resume", "--out", "nope"], 1, "there is no run at nope"),
    "no run": (["sample", "nope", "--out", "x.png"], 1, "there is no run at nope"),
    "option": (["sample", "nope", "--outt", "x.png"], 2, "--outt"),
}


@pytest.mark.parametrize(("arguments", "status", "message"), BAD_CALLS.values(), ids=BAD_CALLS)
def test_a_wrong_call_says_so_and_writes_nothing(isthmus, tmp_path, arguments, status, message):
    done = isthmus(*arguments)
    assert done.returncode == status
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def save_pickled(path):
    np.save(path / "x.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return "x.npy"


def save_floats(path):
    np.save(path / "x.npy", np.full((20, 8, 8, 1), 200.0, np.float32))
    return "x.npy"


def save_nan(path):
    np.save(path / "x.npy", np.full((20, 8, 8, 1), np.nan, np.float32))
    return "x.npy"


def save_labels(path):
    np.savez(path / "x.npz", x=np.zeros((20, 8, 8, 1), np.uint8), y=np.zeros(19, np.int64))
    return "x.npz"


def save_idx(path):
    (path / "x-images-idx3-ubyte").write_bytes(
        bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in (50, 8, 8)) + bytes(100)
    )
    return "x-images-idx3-ubyte"


def save_empty(path):
    (path / "photos").mkdir()
    return "photos"


def save_no_image(path):
    (path / "photos").mkdir()
    (path / "photos" / "cat.png").write_bytes(b"not a picture at all")
    return "photos"


BAD_DATA = {
    "pickled array": (save_pickled, "pickle"),
    "floats outside 0 to 1": (save_floats, "255"),
    "NaN": (save_nan, "NaN"),
    "too few labels": (save_labels, "label"),
    "IDX cut short": (save_idx, "x-images-idx3-ubyte"),
    "empty folder": (save_empty, "photos"),
    "no image": (save_no_image, "cat.png"),
}


@pytest.mark.parametrize(("save", "message"), BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data_is_named_and_nothing_is_written(isthmus, tmp_path, save, message):
    data = save(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    done = isthmus("train", data, "--out", "run")
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_a_latent_larger_than_the_image_is_refused_before_anything_is_written(isthmus, tmp_path):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).integers(0, 256, (60, 4, 4, 1), np.uint8))
    done = isthmus("train", "x.npy", "--recipe", "dense-vae", "--latent-dim", 17, "--out", "run")
    assert done.returncode == 2
    assert "more than the 16 numbers in an image of 4x4x1" in done.stderr
    assert not (tmp_path / "run").exists()


def test_an_out_that_exists_is_left_alone(isthmus, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("mine")
    done = isthmus("train", "digits", "--out", "run")
    assert done.returncode == 2
    assert "run exists already" in done.stderr
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["mine.txt"]


def test_a_place_that_cannot_be_written_to(isthmus, tmp_path):
    (tmp_path / "file").write_text("")
    done = isthmus("train", "digits", "--recipe", "dense-ae", "--epochs", 1, "--out", "file/run")
    assert done.returncode == 1
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.stderr
