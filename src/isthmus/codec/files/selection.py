"""A selection of images by their names or numbers."""

from collections.abc import Sequence


class ArchiveSelection:
    """Images to extract, by name or by number from 1; an existing name takes precedence over a number.

    Args:
        only: The names and numbers.
    """

    def __init__(self, only: Sequence[str]) -> None:
        self._named: dict[str, list[int]] = {wanted: [] for wanted in only}
        self._numbered: dict[str, list[int]] = {wanted: [] for wanted in only}

    def look(self, first: int, names: Sequence[str]) -> bool:
        """Look at images, the first of which has the number `first`, from 0; whether any may be selected."""
        found = False
        for number, name in enumerate(names, first):
            for key, matches in ((name, self._named), (str(number + 1), self._numbered)):
                if key in matches:
                    matches[key].append(number)
                    found = True
        return found

    @property
    def numbers(self) -> frozenset[int]:
        """The numbers, from 0, of those of the images looked at that are selected."""
        return frozenset(number for wanted, named in self._named.items() for number in named or self._numbered[wanted])

    @property
    def missing(self) -> list[str]:
        """Names and numbers that no image has."""
        return [wanted for wanted, named in self._named.items() if not (named or self._numbered[wanted])]
