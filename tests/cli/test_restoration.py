import json

import numpy as np
import pytest
from PIL import Image


@pytest.mark.slow
@pytest.mark.usefixtures("few_digits")
def test_from_training_to_restored_images(isthmus, tmp_path):
    done = isthmus(
        "train",
        "digits",
        "--task",
        "denoise",
        "--epochs",
        1,
        "--set",
        "network.filters=4,8",
        "--no-report",
        "--out",
        "run",
    )
    assert done.returncode == 0, done.stderr
    assert "isthmus restore run IMAGES" in done.stdout
    (tmp_path / "scans").mkdir()
    noisy = np.random.default_rng(0).integers(0, 256, (40, 50)).astype(np.uint8)
    Image.fromarray(noisy).save(tmp_path / "scans" / "page.png")
    done = isthmus("restore", "run", "scans", "--out", "clean", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"images": 1, "kept": 0, "unreadable": 0, "out": "clean"}
    with Image.open(tmp_path / "clean" / "page.png") as made:
        assert made.size == (50, 40)
    again = isthmus("restore", "run", "scans", "--out", "clean", "--resume")
    assert "0 images in clean, 1 had been restored before" in again.stdout
    for command in (("reconstruct", "run", "digits", "--out", "x"), ("sample", "run", "--out", "x.png")):
        refused = isthmus(*command)
        assert refused.returncode == 2
        assert "isthmus restore run IMAGES" in refused.stderr


def test_wrong_calls(isthmus, tmp_path):
    for arguments, message in (
        (("--task", "colourise"), "expected images in colour"),
        (("--task", "pairs"), "--task pairs needs --targets"),
        (("--task", "segment"), "expected masks"),
        (("--task", "denoise", "--targets", "x"), "--targets are the masks"),
        (("--task", "denoise", "--set", "task.strength=2"), "less than or equal to 1"),
        (("--task", "paint"), "expected one of reconstruct, denoise"),
    ):
        done = isthmus("train", "digits", *arguments, "--out", "run")
        assert done.returncode in (1, 2)
        assert message in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "run").exists()
