"""Text that a terminal shows and does not obey."""

import re

# C0 but for tabs and ends of lines, DEL, C1, marks that turn the direction of writing, separators of lines and
# paragraphs, and halves of surrogate pairs, which stand for bytes of a file name that are not UTF-8.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    r"""Text with its control characters written out, as `\x1b`: names and stored text may hold any."""
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


def printable_json(text: str) -> str:
    r"""JSON that says the same, with its control characters written as JSON writes them, `\u009b`."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
