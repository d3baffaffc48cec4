import numpy as np
import pytest
from PIL import Image

from isthmus.data import open_images
from isthmus.data.open.iterables import is_data_set
from isthmus.errors import DataError


class Items:
    """What a PyTorch `Dataset` is: a length and items."""

    def __init__(self, items, classes=None):
        self._items = items
        if classes:
            self.classes = classes

    def __len__(self):
        return len(self._items)

    def __getitem__(self, index):
        return self._items[index]


def everything(source):
    return source.read(np.arange(len(source)))


def test_what_is_a_data_set():
    assert is_data_set(Items([]))
    for data in ([1], (1, 2), "x", {"a": 1}, np.zeros(3), range(3), b"x"):
        assert not is_data_set(data)


def test_images_with_labels(random_images):
    images = random_images(3, 4, 5, 3)
    data = Items([(Image.fromarray(image), label) for image, label in zip(images, [1, 0, 1], strict=True)], ["a", "b"])
    source = open_images(data).train
    np.testing.assert_array_equal(everything(source), images)
    assert (source.class_names, source.labels.tolist()) == (("a", "b"), [1, 0, 1])


def test_images_of_many_sizes_are_fitted():
    data = Items([Image.new("RGB", size) for size in ((100, 50), (300, 20))])
    assert open_images(data).spec.shape == (64, 64, 3)


@pytest.mark.parametrize("channels", [1, 2, 3, 5, 13])
def test_arrays_of_one_shape_are_taken_as_they_are(random_images, channels):
    images = random_images(3, 70, 80, channels)
    opened = open_images(Items(list(images)))
    np.testing.assert_array_equal(everything(opened.train), images)
    assert opened.origin.preprocessing is None


def test_arrays_of_many_shapes(random_images):
    assert open_images(Items([random_images(9, 9, 3), random_images(70, 9, 3)])).spec.shape == (64, 64, 3)
    with pytest.raises(DataError, match="have 5 channels: such arrays have to be of one shape"):
        open_images(Items([random_images(9, 9, 5), random_images(7, 9, 5)]))


def test_names_of_parts(random_images):
    images = random_images(2, 4, 5)
    source = open_images(Items([{"image": image, "label": number} for number, image in enumerate(images)])).train
    np.testing.assert_array_equal(everything(source)[..., 0], images)
    assert source.labels.tolist() == [0, 1]
    with pytest.raises(DataError, match="expected an element with 'image'; got one with sound"):
        open_images(Items([{"sound": 1}]))


def test_numbers_of_no_image(random_images):
    with pytest.raises(DataError, match=r"expected floats from 0 to 1; found -2 to 2"):
        open_images(Items([np.array([[-2.0, 2.0]])]))
    with pytest.raises(DataError, match=r"got shape \(3,\)"):
        open_images(Items([np.zeros(3)]))


def test_channels_first(random_images):
    with pytest.raises(DataError, match=r"\(3, 8, 9\) has its channels first. Move them"):
        open_images(Items(list(random_images(2, 3, 8, 9))))


def test_items_that_fail_are_skipped_and_counted(random_images):
    class Files(Items):
        def __getitem__(self, index):
            if index < broken:
                raise OSError("image file is truncated")
            return super().__getitem__(index)

    images = random_images(20, 4, 5)
    broken = 2
    opened = open_images(Files(list(images)))
    np.testing.assert_array_equal(everything(opened.train)[..., 0], images[2:])
    assert [(item.name, item.reason) for item in opened.origin.skipped] == [
        (name, "the data set fails with OSError: image file is truncated") for name in ("000000", "000001")
    ]
    broken = 3
    with pytest.raises(DataError, match="3 of 20 images"):
        open_images(Files(list(images)))


def test_sixteen_bits_go_for_all():
    """One that is so dark that it uses 8 of them is as dark among the others."""
    light, dark = np.full((2, 2), 257 * 200, np.uint16), np.full((2, 2), 255, np.uint16)
    assert everything(open_images(Items([light, dark])).train)[:, 0, 0, 0].tolist() == [200, 1]
    assert everything(open_images(Items([dark, dark])).train)[:, 0, 0, 0].tolist() == [255, 255]


@pytest.mark.slow
def test_torch():
    torch = pytest.importorskip("torch")
    pixels = torch.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5) / 255
    data = torch.utils.data.TensorDataset(pixels, torch.tensor([4, 2]))
    source = open_images(data).train
    assert source.spec.shape == (4, 5, 3)
    np.testing.assert_array_equal(everything(source), np.arange(120).reshape(2, 3, 4, 5).transpose(0, 2, 3, 1))
    assert source.labels.tolist() == [4, 2]


def test_torch_with_channels_last(random_images):
    torch = pytest.importorskip("torch")
    with pytest.raises(DataError, match=r"\(8, 8, 3\) has its channels last. Move them: tensor.permute\(2, 0, 1\)"):
        open_images(Items(list(torch.from_numpy(random_images(3, 8, 8, 3)))))


def test_what_goes_only_in_order_is_no_data_set(random_images):
    torch = pytest.importorskip("torch")

    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            yield from torch.zeros(4, 3, 8, 8)

    loader = torch.utils.data.DataLoader(Items(list(random_images(4, 8, 8))))
    for data, name in ((loader, "DataLoader"), (Stream(), "Stream"), ((image for image in [1]), "generator")):
        with pytest.raises(DataError, match=rf"a data set with a length and items; got a {name}\..*loader\.dataset"):
            open_images(data)


@pytest.mark.backend("tensorflow")
def test_tensorflow(random_images):
    tensorflow = pytest.importorskip("tensorflow")
    images, labels = random_images(5, 4, 6, 3), np.arange(5)
    data = tensorflow.data.Dataset.from_tensor_slices((images, labels))
    for each in (data, data.batch(2), data.map(lambda image, label: {"image": image, "label": label})):
        source = open_images(each).train
        np.testing.assert_array_equal(everything(source), images)
        np.testing.assert_array_equal(source.labels, labels)
    np.testing.assert_array_equal(everything(open_images(data.map(lambda image, label: image)).train), images)
