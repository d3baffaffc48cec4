import numpy as np

from isthmus.data import ArraySource, content, select
from isthmus.data.content import content_order, digest_of, digests_of


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


def test_the_order_by_content_forgets_the_listing_order_even_among_equal_images(random_images):
    images = np.concatenate([random_images(20, 3, 5, 1)] * 2)
    listed = ArraySource(images, labels=np.arange(40) % 3, factors=np.arange(40.0)[:, None], factor_names=("place",))
    shuffled = select(listed, np.random.default_rng(1).permutation(40))
    first, second = (select(source, content_order(source, 7)) for source in (listed, shuffled))
    np.testing.assert_array_equal(first.factors, second.factors)
    assert sorted(first.factors[:, 0]) == list(range(40))
    assert (content_order(listed, 7) != content_order(listed, 8)).any()


def test_the_order_by_content_is_no_order_of_classes(random_images):
    source = ArraySource(random_images(300, 3, 5, 1), labels=np.arange(300) // 100)
    labels = select(source, content_order(source, 0)).labels
    shares = [np.bincount(part, minlength=3) / 100 for part in np.split(labels, 3)]
    assert np.abs(np.array(shares) - 1 / 3).max() < 0.15
