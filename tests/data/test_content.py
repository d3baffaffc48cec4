import numpy as np

from isthmus.data import ArraySource, content
from isthmus.data.content import digest_of, digests_of


def test_equal_images_have_equal_hashes_and_others_have_others(random_images):
    images = random_images(4, 3, 5, 2)
    images[2] = images[0]
    digests = digests_of(ArraySource(images))
    assert digests.shape == (4, 16)
    assert (digests[0] == digests[2]).all()
    assert len(np.unique(digests, axis=0)) == 3


def test_the_hash_of_one_is_that_among_many(random_images):
    images = random_images(3, 3, 5, 2)
    for image, digest in zip(images, digests_of(ArraySource(images)), strict=True):
        assert digest_of(image) == digest_of(np.asfortranarray(image)) == digest.tobytes()


def test_a_hash_is_the_same_on_every_machine():
    # As `b2sum -l 128` has it.
    assert digest_of(np.arange(12, dtype=np.uint8).reshape(2, 2, 3)).hex() == "8afe4b29c4b81126697602f01ab96cd9"


def test_large_sources_are_read_in_parts(random_images, monkeypatch):
    source = ArraySource(random_images(10, 3, 5, 2))
    whole = digests_of(source)
    monkeypatch.setattr(content, "_CHUNK_BYTES", 70)
    np.testing.assert_array_equal(digests_of(source), whole)
