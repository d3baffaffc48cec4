from pathlib import Path

import numpy as np
import pytest

from isthmus.data import as_source
from isthmus.errors import BackendError
from isthmus.recipes import Recipe
from isthmus.workflows import resume
from isthmus.workflows.datasets import TrainingData
from isthmus.workflows.provenance import data_entry
from isthmus.workflows.resume import backend_of, changed_images

IMAGES = np.random.default_rng(0).integers(0, 256, (9, 4, 5, 3)).astype(np.uint8)
LABELS = np.arange(9) % 2
OLDER = "training images: 9, with other pixels or labels now"
PLACE = Path("run")


class TestBackend:
    @pytest.fixture(autouse=True)
    def here(self, monkeypatch):
        """TensorFlow and JAX are there, the former by default, and PyTorch is not."""

        def choose(backend, device):
            if backend == "torch":
                raise BackendError("training on torch needs an extra")
            return backend or "tensorflow"

        monkeypatch.setattr(resume, "choose_backend", choose)

    @pytest.fixture
    def trained_on(self, tiny_run):
        def manifest(backend):
            training = tiny_run.manifest.training.model_copy(update={"backend": backend})
            return tiny_run.manifest.model_copy(update={"training": training})

        return manifest

    def test_a_new_run_has_what_is_asked_for(self, tiny_run, capsys):
        assert backend_of(None, None, None, None) == "tensorflow"
        assert backend_of(None, None, "jax", None) == "jax"
        older = tiny_run.manifest.model_copy(update={"training": None})
        assert backend_of(PLACE, older, None, None) == "tensorflow"
        assert capsys.readouterr().err == ""

    def test_a_run_keeps_its_own(self, trained_on, capsys):
        assert backend_of(PLACE, trained_on("jax"), None, None) == "jax"
        assert backend_of(PLACE, trained_on("jax"), "jax", None) == "jax"
        assert capsys.readouterr().err == ""

    def test_another_is_no_secret(self, trained_on, capsys):
        assert backend_of(PLACE, trained_on("jax"), "tensorflow", None) == "tensorflow"
        assert "run was trained on jax: a resumed training on tensorflow gives other bits" in capsys.readouterr().err

    def test_one_that_is_not_there(self, trained_on):
        with pytest.raises(BackendError, match=r"needs an extra\. run was trained on torch; --backend NAME"):
            backend_of(PLACE, trained_on("torch"), None, None)
        with pytest.raises(BackendError, match=r"needs an extra$"):
            backend_of(PLACE, trained_on("jax"), "torch", None)


class TestChangedImages:
    @pytest.fixture
    def kept(self):
        parts = (as_source(IMAGES[:5]), as_source(IMAGES[5:7]), as_source(IMAGES[7:]))
        return data_entry(TrainingData("mine", Recipe(), *parts))

    def test_none(self, kept):
        assert changed_images(kept, kept) == []

    def test_a_line_for_each_part(self, kept):
        others = {"fingerprint": "x", "validation_images": 3, "test_fingerprint": "y"}
        now = kept.model_copy(update={**others, "pixels_fingerprint": "z", "labels_fingerprint": "z"})
        assert changed_images(kept, now) == [
            "training images: 5, with other pixels now",
            "validation images: 2 in the run, 3 now",
            "test images: 2, with other pixels now",
        ]

    @pytest.mark.parametrize(
        ("images", "labels", "difference"),
        [
            (IMAGES, LABELS, None),
            (IMAGES, 1 - LABELS, "with other labels now. Give them their earlier labels to resume"),
            (IMAGES, None, "with other labels now. Give them their earlier labels to resume"),
            (IMAGES[::-1], LABELS[::-1], "in another order now. Give them their earlier names to resume"),
            (IMAGES // 2, LABELS, "with other pixels now"),
            (IMAGES // 2, 1 - LABELS, "with other pixels now"),
        ],
    )
    def test_the_difference_of_as_many(self, images, labels, difference):
        kept, now = (
            data_entry(TrainingData("mine", Recipe(), as_source(pixels, numbers), None, None))
            for pixels, numbers in ((IMAGES, LABELS), (images, labels))
        )
        expected = [] if difference is None else [f"training images: 9, {difference}"]
        assert changed_images(kept, now) == expected
        older = kept.model_copy(update={"pixels_fingerprint": None, "labels_fingerprint": None})
        assert changed_images(older, now) == ([] if difference is None else [OLDER])

    def test_an_older_run_knows_how_many_there_were(self, kept):
        older = kept.model_copy(update={"validation_fingerprint": None, "test_fingerprint": None})
        assert changed_images(older, kept) == []
        fewer = kept.model_copy(update={"test_images": 1})
        assert changed_images(older, fewer) == ["test images: 2 in the run, 1 now"]
