"""Counts of archived images and their bits."""

from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class Tally:
    """How many images were archived, and in how many bits.

    Attributes:
        images: All images.
        coded: Images that the model coded.
        coded_numbers: Numbers in the pixels of those.
        coded_bits: Bits that they take on the stack, including the initial bits.
        initial_bits: Bits that bits-back coding needs to code a first image.
        escaped_bytes: Bytes that all others take.
        poor: Images of a kind that the model codes, but that are smaller without it.
        numbers: Numbers in the pixels of all images that are not files.
        files: Images that were given as files only.
        smaller: Images that were given as pixels and files, and whose files are smaller.
    """

    images: int = 0
    coded: int = 0
    coded_numbers: int = 0
    coded_bits: int = 0
    initial_bits: int = 0
    escaped_bytes: int = 0
    poor: int = 0
    numbers: int = 0
    files: int = 0
    smaller: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))
