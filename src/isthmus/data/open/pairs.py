"""Two collections with equal names, stacked: images and their masks, or any other pairs.

A pair is one image of more channels: those of the input, then those of the target.  Splitting by content, flips and
shifts then treat the two as one.  Pairs are held in memory.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isthmus.data.arrays import as_source
from isthmus.data.decode.conversion import Conversion, settle, summary
from isthmus.data.decode.entries import Collection, Content
from isthmus.data.decode.image_files import UnreadableError, decode
from isthmus.data.decode.layout import Layout, make_source
from isthmus.data.decode.pages import without_suffix
from isthmus.data.decode.reader import Pixels, decoded_images, decoder
from isthmus.data.decode.survey import Survey, check_readable, survey
from isthmus.data.decode.tiff_pages import Bands
from isthmus.data.images import ArraySource
from isthmus.data.limits import memory_limit
from isthmus.data.open.images import Data, locate
from isthmus.data.preprocessing import Preprocessing, in_mode
from isthmus.data.sets import ImageSet, Origin, Skipped
from isthmus.data.source import ImageSource
from isthmus.errors import DataError, UsageError
from isthmus.wording import spell_bytes

IMAGES, MASKS = "images", "masks"
"""Folders beside each other that hold images and their masks."""
MOST_CLASSES = 64
"""An image with more values is not a mask."""
SHOWN = 3


@dataclass(frozen=True)
class Paired:
    """Pairs, and what was found out about their targets.

    Attributes:
        images: The pairs, uint8, the channels of the input followed by those of the target.
        target_channels: The number of channels of a target.
        classes: The values of the mask files, in order; empty where targets are not masks.
    """

    images: ImageSet
    target_channels: int
    classes: tuple[int, ...] = ()


def open_pairs(data: Data, targets: Data, preprocessing: Conversion = None) -> Paired:
    """Open two collections whose images have equal names (but for the suffix).

    Raises:
        UsageError: If one is not a collection of image files.
        DataError: If they do not match in number, names or sizes, names differ by their suffixes alone, or they do not
            fit memory.
    """
    both = _Both.of(data, targets, preprocessing)
    channels = 3 if both.targets.in_colour else 1
    fitted = both.fitted
    wanted = Preprocessing(fitted.height, fitted.width, channels, fitted.fit, fitted.background)
    return Paired(both.stack(decoder(wanted, both.targets.bits), channels), channels)


def open_masked(
    data: Data, masks: Data | None, preprocessing: Conversion = None, classes: Sequence[int] = ()
) -> Paired:
    """Open images and masks with equal names; a mask's values are classes.

    A mask of two classes becomes 0 and 255; one of more the numbers of its classes, from 0.

    Args:
        data: The images; or a folder that holds `images/` and `masks/`, where `masks` is None.
        masks: The masks: files with a palette, or grey.
        preprocessing: What the images become.
        classes: The values that are known; empty to take those in the masks.

    Raises:
        UsageError: If there are no masks.
        DataError: As `open_pairs` does; or a mask has an unknown value, or too many values.
    """
    if masks is None:
        folder = Path(data) if isinstance(data, str | Path) else None
        if folder is None or not (folder / IMAGES).is_dir() or not (folder / MASKS).is_dir():
            raise UsageError(
                f"expected masks: a folder of them with --targets, or DATA with '{IMAGES}/' and '{MASKS}/' in it"
            )
        data, masks = folder / IMAGES, folder / MASKS
    both = _Both.of(data, masks, preprocessing)
    images = both.stack(_mask_reader(both.fitted), 1)
    known = _classes_of(images, classes)
    return Paired(_numbered(images, known), 1, known)


@dataclass(frozen=True)
class _Both:
    """Two surveyed collections that match."""

    input_files: Collection
    target_files: Collection
    inputs: Survey
    targets: Survey
    layout: Layout
    fitted: Preprocessing

    @classmethod
    def of(cls, data: Data, target_data: Data, preprocessing: Conversion) -> "_Both":
        input_files, target_files = _collection(data), _collection(target_data)
        inputs, targets = survey(input_files), survey(target_files)
        for found, place in ((inputs, input_files), (targets, target_files)):
            check_readable(len(found), found.skipped, place.name)
        for found, place in ((inputs, input_files), (targets, target_files)):
            _check_apart(found, place.name)
        _check_names(inputs, targets, input_files.name, target_files.name)
        _check_sizes(inputs, targets)
        fitted = settle(inputs, preprocessing, input_files.name)
        if fitted is None:
            raise UsageError(f"expected pairs of image files; '{input_files.name}' holds arrays")
        inputs, layout = inputs.arranged(input_files)
        return cls(input_files, target_files, inputs, targets, layout, fitted)

    def stack(self, read: Callable[[Content], Pixels], channels: int) -> ImageSet:
        """Read all pairs to arrays `(n, h, w, channels of both)`."""
        spec = self.fitted.spec()
        size = len(self.inputs) * spec.height * spec.width * (spec.channels + channels)
        if size > memory_limit():
            raise DataError(
                f"the pairs of '{self.input_files.name}' take {spell_bytes(size)}, and pairs are held in memory, with "
                f"a limit of {spell_bytes(memory_limit())}. Set ISTHMUS_MEMORY higher, or --size smaller"
            )
        pixels = np.empty((len(self.inputs), spec.height, spec.width, spec.channels + channels), np.uint8)
        places = {without_suffix(name): place for place, name in enumerate(self.inputs.names)}
        filled = np.zeros((len(self.inputs), 2), bool)  # pairs of which both images could be read
        skipped: list[Skipped] = [*self.inputs.skipped, *self.targets.skipped]
        convert = decoder(self.fitted, self.fitted.bits)
        for place, image in enumerate(decoded_images(self.input_files, self.inputs, convert)):
            if isinstance(image, Skipped):
                skipped.append(image)
            else:
                pixels[place, ..., : spec.channels], filled[place, 0] = image, True
        given = zip(self.targets.names, decoded_images(self.target_files, self.targets, read), strict=True)
        for name, image in given:
            partner = places.get(without_suffix(name))
            if isinstance(image, Skipped):
                skipped.append(image)
            elif partner is not None:
                pixels[partner, ..., spec.channels :], filled[partner, 1] = image, True
        kept = filled[:, 0] & filled[:, 1]
        check_readable(int(kept.sum()), skipped, self.input_files.name)
        layout = self.layout.keep(kept)
        train, test = make_source(as_source(pixels[kept]).images, layout)
        found = f"{summary(self.inputs)}, each with another beside it"
        origin = Origin(self.fitted, (*skipped, *layout.left_out), found)
        return ImageSet(self.input_files.name, train, test, origin, layout.notices)


def _collection(data: Data) -> Collection:
    target, split = locate(data)
    if not isinstance(target, Collection) or split is not None:
        raise UsageError(f"expected a folder or an archive of image files for one side of pairs; got {data!r:.200}")
    return target


def _check_apart(found: Survey, where: str) -> None:
    """Check that no two names of a collection differ by their suffixes alone: pairs are found by the rest."""
    named: dict[str, list[str]] = {}
    for name in found.names:
        named.setdefault(without_suffix(name), []).append(name)
    alike = [names for names in named.values() if len(names) > 1]
    if alike:
        shown = "; ".join(" and ".join(repr(name) for name in sorted(names)) for names in sorted(alike)[:SHOWN])
        raise DataError(
            f"expected names in '{where}' that differ by more than their suffixes, as pairs are found by them; "
            f"{len(alike)} {'is' if len(alike) == 1 else 'are'} there more than once, such as {shown}. Rename or take "
            "out all but one of each"
        )


def _check_names(inputs: Survey, targets: Survey, first: str, second: str) -> None:
    names, others = {without_suffix(name) for name in inputs.names}, {without_suffix(name) for name in targets.names}
    unreadable = {without_suffix(item.name) for item in (*inputs.skipped, *targets.skipped)}
    alone = [
        f"{len(only)} in '{where}' alone, such as {', '.join(repr(name) for name in sorted(only)[:SHOWN])}"
        for only, where in ((names - others - unreadable, first), (others - names - unreadable, second))
        if only
    ]
    if alone:
        raise DataError(
            f"expected pairs with equal names; of {len(names)} and {len(others)} images there are {'; '.join(alone)}. "
            "Give each its partner, or take it out"
        )


def _check_sizes(inputs: Survey, targets: Survey) -> None:
    sizes = {
        without_suffix(name): tuple(size) for name, size in zip(targets.names, targets.sizes.tolist(), strict=True)
    }
    wrong = [
        (name, size, other)
        for name, size in zip(inputs.names, inputs.sizes.tolist(), strict=True)
        if (other := sizes.get(without_suffix(name), tuple(size))) != tuple(size)
    ]
    if wrong:
        name, (height, width), (rows, columns) = wrong[0]
        raise DataError(
            f"expected both images of a pair to be of one size; {len(wrong)} of {len(inputs)} are not, such as "
            f"'{name}': {width}x{height}, and its partner {columns}x{rows}"
        )


def _mask_reader(fitted: Preprocessing) -> Callable[[Content], NDArray[np.uint8]]:
    """Make a function from a mask file's content to its values, uint8 `(height, width, 1)`, fitted as its image is."""
    wanted = Preprocessing(fitted.height, fitted.width, 1, fitted.fit, "black")

    def read(content: Content) -> NDArray[np.uint8]:
        from PIL import Image

        return wanted.apply(Image.fromarray(mask_values(content)), smooth=False)

    return read


def mask_values(content: Content) -> NDArray[np.uint8]:
    """The values of a mask, uint8 `(h, w)`: the numbers of a palette's colours, or greys.

    Raises:
        UnreadableError: If it is not an image, or has colours.
    """
    from PIL import Image

    image: Image.Image
    if isinstance(content, bytes):
        decode(content)  # the same errors, and limits, as of any image
        image = Image.open(BytesIO(content))
        image.load()
    elif isinstance(content, Bands):
        raise UnreadableError("a mask should be grey or have a palette, a value for each class; it has several bands")
    elif isinstance(content, np.ndarray):
        image = Image.fromarray(np.asarray(content, np.uint8).squeeze())
    else:
        image = content
    if image.mode == "P":
        return np.asarray(image, np.uint8)
    pixels = np.asarray(in_mode(image, "RGB", "black"))
    if not (pixels == pixels[..., :1]).all():
        raise UnreadableError("a mask should be grey or have a palette, a value for each class; it has colours")
    return np.asarray(pixels[..., 0])


def _classes_of(images: ImageSet, known: Sequence[int]) -> tuple[int, ...]:
    values: set[int] = set()
    for source in [part for part in (images.train, images.test) if part is not None]:
        for index, name in enumerate(source.names):
            found = set(np.unique(source.read(np.array([index]))[0, ..., -1]).tolist())
            if known and not found <= set(known):
                raise DataError(
                    f"expected masks of the classes {', '.join(map(str, known))}; that of '{name}' has "
                    f"{', '.join(map(str, sorted(found - set(known))[:SHOWN]))} too"
                )
            values |= found
            if len(values) > MOST_CLASSES:
                raise DataError(
                    f"expected masks of at most {MOST_CLASSES} values, a class each; there are more by '{name}'. Masks "
                    "saved as JPEG have other values than were drawn: save them as PNG"
                )
    if not known and len(values) < 2:
        raise DataError(f"expected masks of two classes or more; all pixels have the value {values.pop()}")
    return tuple(known) or tuple(sorted(values))


def _numbered(images: ImageSet, classes: tuple[int, ...]) -> ImageSet:
    """Replace the values of classes by their numbers; the second of two classes by 255."""
    table = np.zeros(256, np.uint8)
    table[list(classes)] = np.arange(len(classes)) * (255 if len(classes) == 2 else 1)

    def numbered(source: ImageSource) -> ImageSource:
        pixels = source.read(np.arange(len(source)))
        pixels[..., -1] = table[np.asarray(pixels[..., -1], np.uint8)]
        return ArraySource(pixels, source.labels, source.class_names, tuple(source.names))

    test = None if images.test is None else numbered(images.test)
    return ImageSet(images.name, numbered(images.train), test, images.origin, images.notices)
