import pytest

from isthmus.data import as_source
from isthmus.errors import RecipeError, TrainingError
from isthmus.recipes import with_fields
from isthmus.workflows.datasets import TrainingData
from isthmus.workflows.dry_run import dry_run


@pytest.fixture
def prepared(bars, tiny_recipe):
    def make(**changes):
        recipe = with_fields(tiny_recipe, {name.replace("__", "."): value for name, value in changes.items()})
        return TrainingData("bars", recipe, as_source(bars[0][:64]), None, None)

    return make


def test_says_what_a_training_takes(prepared, tmp_path, monkeypatch, files_in):
    monkeypatch.chdir(tmp_path)
    found = dry_run(prepared(training__epochs=5))
    assert (found.images, found.steps) == (64, 10)
    # 3x3 kernels to 4 filters, two heads of 2 on a 6x5 grid of 4; 2 codes to 6x5x4, and two transposed convolutions.
    assert found.encoder_parameters == 40 + 2 * (120 * 2 + 2)
    assert found.decoder_parameters == 3 * 120 + (9 * 4 * 4 + 4) + (9 * 4 + 1)
    assert found.seconds == pytest.approx(found.seconds_per_step * 10)
    assert 1e-5 < found.seconds_per_step < 10
    assert found.peak_memory_bytes > 2**20
    assert files_in(tmp_path) == []


def test_a_recipe_that_does_not_fit(prepared):
    with pytest.raises(RecipeError, match=r"500 dimensions"):
        dry_run(prepared(latent__dim=500))


def test_a_loss_that_is_not_finite(prepared):
    with pytest.raises(TrainingError, match=r"lower training.learning_rate"):
        dry_run(prepared(training__optimiser="sgd", training__learning_rate=1e35))
