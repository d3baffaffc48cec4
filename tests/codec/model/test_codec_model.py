import contextlib
import json
import zlib

import numpy as np
import pytest

from isthmus.codec.model.embedded import model_from_bytes
from isthmus.codec.model.exact_copy import model_of
from isthmus.errors import ArchiveError, RunError, UsageError

KINDS = ["bernoulli", "logistic", "mixture"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_comes_back_from_its_bytes(models, pictures, kind):
    model = models[kind]
    again = model_from_bytes(model.to_bytes())
    assert (again.digest, again.shape, again.threshold) == (model.digest, model.shape, model.threshold)
    images = pictures(model, 9)
    for name, values in model.encoder(images).items():
        np.testing.assert_array_equal(again.encoder(images)[name], values)


def test_models_of_other_weights_have_other_names(model_maker):
    assert model_maker(seed=0).digest == model_maker(seed=0).digest != model_maker(seed=1).digest


def test_a_run_s_model_is_the_same_each_time(tiny_run):
    model = model_of(tiny_run)
    assert model.digest == model_of(tiny_run).digest
    assert model.two_levels
    assert model.shape == (12, 10, 1)


def test_the_exact_copy_is_close_to_the_run(tiny_run, bars):
    model = model_of(tiny_run)
    found = model.encoder(bars[0])
    for name, values in tiny_run.encode(bars[0]).items():
        np.testing.assert_allclose(found[name] / 2**16, values, atol=0.05)
    codes = np.random.default_rng(0).integers(-32, 32, (20, 2))
    logits = tiny_run.decode_parameters(codes / 16)["logits"]
    np.testing.assert_allclose(model.decoder(codes)["logits"] / 2**16, logits, atol=0.2)


def test_images_are_binarised_as_in_training(tiny_run, bars):
    model = model_of(tiny_run)
    np.testing.assert_array_equal(model.binarised(bars[0]), np.where(bars[0] > 127, 255, 0))


def test_a_plain_autoencoder_cannot_code(tiny_ae_run):
    with pytest.raises(RunError, match="plain autoencoder"):
        model_of(tiny_ae_run)


def test_a_run_that_restores_cannot_code(tiny_restorer):
    with pytest.raises(UsageError, match="was trained for the task 'denoise'"):
        model_of(tiny_restorer)


def hostile(model, change):
    """A model's bytes with its description changed."""
    content = model.to_bytes()
    size = int.from_bytes(content[:4], "little")
    told = json.loads(zlib.decompress(content[4 : 4 + size]))
    change(told)
    head = zlib.compress(json.dumps(told).encode())
    return len(head).to_bytes(4, "little") + head + content[4 + size :]


CHANGES = {
    "version": lambda told: told.update(version=99),
    "no nodes": lambda told: told["encoder"].update(nodes=[]),
    "an unknown operation": lambda told: told["encoder"]["nodes"][1].update(op="exec"),
    "a source ahead": lambda told: told["encoder"]["nodes"][2].update(sources=[7]),
    "a source before all": lambda told: told["encoder"]["nodes"][2].update(sources=[-1]),
    "another size": lambda told: told["encoder"]["nodes"][2].update(size=10**9),
    "a huge array": lambda told: told["encoder"]["nodes"][2].update(weights=[10**6, 10**6]),
    "a negative array": lambda told: told["encoder"]["nodes"][2].update(weights=[-3, -4]),
    "another output": lambda told: told["decoder"]["outputs"].update(x=[0, [2]]),
    "an output that is none": lambda told: told["decoder"]["outputs"].update(logits=[99, [4, 3, 1]]),
    "an output of another shape": lambda told: told["decoder"]["outputs"].update(logits=[3, [12]]),
    "another image": lambda told: told.update(shape=[5, 5, 1]),
    "no image": lambda told: told.update(shape=[0, 3, 1]),
    "another likelihood": lambda told: told["pixels"].update(kind="poisson"),
    "arrays missing": lambda told: told.update(arrays=told["arrays"][:2]),
    "another method": lambda told: told["arrays"][0].__setitem__(0, "magic"),
    "a huge shift": lambda told: told["encoder"]["nodes"][2].update(shift=900),
    "an input within": lambda told: told["encoder"]["nodes"].insert(1, told["encoder"]["nodes"][0]),
    "text for a number": lambda told: told["encoder"]["nodes"][2].update(fraction="many"),
    "a bound that its values pass": lambda told: told["encoder"]["nodes"][1].update(bound=1),
    "an output without bounds": lambda told: told["decoder"]["nodes"][-1].update(bound=1 << 40),
    "no outputs": lambda told: told["decoder"].update(outputs=0),
    "a scale that is none": lambda told: told["pixels"].update(kind="normal", log_scale="wide"),
    "a list for all": lambda told: told.update(encoder=[1, 2]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_an_untrusted_model_is_an_error(models, name):
    with pytest.raises(ArchiveError):
        model_from_bytes(hostile(models["bernoulli"], CHANGES[name]))


def test_a_description_nested_beyond_all_sense(models):
    head = zlib.compress(b"[" * 100_000)
    with pytest.raises(ArchiveError, match="description is damaged"):
        model_from_bytes(len(head).to_bytes(4, "little") + head)


def test_a_network_that_fills_the_memory_is_refused(models, monkeypatch):
    model = models["logistic"]
    need = max(model.encoder.alive, model.decoder.alive)
    monkeypatch.setattr("isthmus.codec.model.embedded.MOST_ALIVE", need)
    assert model_from_bytes(model.to_bytes()).digest == model.digest
    monkeypatch.setattr("isthmus.codec.model.embedded.MOST_ALIVE", need - 1)
    with pytest.raises(ArchiveError, match=f"needs {need} numbers at once"):
        model_from_bytes(model.to_bytes())


def test_damaged_models_are_errors_or_other_models(models):
    content = models["bernoulli"].to_bytes()
    rng = np.random.default_rng(0)
    for _ in range(300):
        torn = bytearray(content)
        torn[rng.integers(len(torn))] ^= 1 << rng.integers(8)
        with contextlib.suppress(ArchiveError):
            assert model_from_bytes(bytes(torn)).shape
        with pytest.raises(ArchiveError):
            model_from_bytes(content[: rng.integers(len(content) - 9)])
