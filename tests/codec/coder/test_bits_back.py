import numpy as np
import pytest

from isthmus.codec.coder import bits_back
from isthmus.codec.coder.bits_back import BitsBack, block_limit, initial_words
from isthmus.codec.coder.stack import Stack
from isthmus.errors import ArchiveError

KINDS = ["bernoulli", "logistic", "mixture"]


def encode(model, images):
    return model.coder.encode(images, model.coder.posterior(images))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("content", ["noise", "black", "white", "flat"])
@pytest.mark.parametrize("count", [1, 2, 150])
def test_images_come_back(models, pictures, kind, content, count):
    model = models[kind]
    images = pictures(model, count, content)
    words, blocks, initial = encode(model, images)
    assert sum(blocks) == count
    assert initial % 32 == 0
    np.testing.assert_array_equal(model.coder.decode(words, blocks, model.shape), images)


@pytest.mark.parametrize("kind", KINDS)
def test_the_length_is_the_bound_that_the_whole_numbers_give(models, pictures, kind):
    """What lies on the stack grows by -log p(x|z) - log p(z) + log q(z|x) of the very codes that were popped."""
    model = models[kind]
    images = pictures(model, 200)
    words, _, initial = encode(model, images)
    posterior = model.coder.posterior(images)
    stack, spent = Stack(initial_words(len(words) * 2)), 0.0
    for i in range(len(images)):
        before = stack.bits
        levels = posterior[i : i + 1].pop(stack)
        model.pixels.push(stack, images[i : i + 1], model.coder.decoder(levels.astype(np.int64) - 128))
        stack.push(levels.ravel(), bits_back.prior_masses())
        spent += stack.bits - before
    assert 32 * len(words) - initial == pytest.approx(spent, rel=0.03)


def test_blocks_grow_with_the_bits_there_are(models, pictures):
    _, blocks, initial = encode(models["bernoulli"], pictures(models["bernoulli"], 200))
    assert blocks[0] <= 3
    assert max(blocks) > blocks[0]
    assert initial < 200


def test_a_block_of_large_images_is_small():
    assert [block_limit(dims) for dims in (1, 784, 12_288, 10**6)] == [200, 200, 13, 1]


def test_what_is_left_must_be_the_initial_bits(models, pictures):
    model = models["logistic"]
    words, blocks, _ = encode(model, pictures(model, 20))
    words[len(words) // 2] ^= 64
    with pytest.raises(ArchiveError, match="the initial bits of the coded images differ"):
        model.coder.decode(words, blocks, model.shape)


def test_the_initial_bits_are_the_same_for_ever():
    assert initial_words(3).tolist() == [2650786287, 3395061803, 2026865823]
    np.testing.assert_array_equal(initial_words(40)[:9], initial_words(9))


def test_bits_of_an_image_that_the_model_expects_are_fewer(models, pictures):
    model = models["logistic"]
    noise = pictures(model, 50)
    likely = np.rint(np.clip(model.coder.decoder(np.zeros((1, 2)))["mean"] / 2**16, 0, 1) * 255).astype(np.uint8)
    coder = model.coder
    assert coder.bits(likely, coder.posterior(likely)).mean() < coder.bits(noise, coder.posterior(noise)).mean()


def test_another_model_does_not_decode(models, pictures, model_maker):
    model, other = models["bernoulli"], model_maker("bernoulli", seed=9)
    words, blocks, _ = encode(model, pictures(model, 100))
    with pytest.raises(ArchiveError):
        BitsBack(other.encoder, other.decoder, other.pixels).decode(words, blocks, model.shape)
