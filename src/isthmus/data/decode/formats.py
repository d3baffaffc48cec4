"""The formats of image files: which are read, and what to do with those that are not."""

import re
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import PurePath

# fmt: off
SUFFIXES = frozenset({
    ".apng", ".avif", ".avifs", ".blp", ".bmp", ".bw", ".cur", ".dcx", ".dds", ".dib", ".fit", ".fits", ".flc",
    ".fli", ".ftc", ".ftu", ".gbr", ".gif", ".icb", ".icns", ".ico", ".im", ".j2c", ".j2k", ".jfif", ".jp2",
    ".jpc", ".jpe", ".jpeg", ".jpf", ".jpg", ".jpx", ".mpo", ".msp", ".pbm", ".pcd", ".pcx", ".pfm", ".pgm",
    ".png", ".pnm", ".ppm", ".psd", ".pxr", ".qoi", ".ras", ".rgb", ".rgba", ".sgi", ".tga", ".tif", ".tiff",
    ".vda", ".vst", ".webp", ".xbm", ".xpm",
})
# fmt: on
"""The endings of image files; a folder's other files are left alone."""
START_BYTES = 32
"""The bytes at a file's start that tell an image where it has no ending."""
_STARTS = re.compile(
    rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF.{4}WEBP|II[*+]\0|MM\0[*+]|.{4}ftypavi[fs]|qoif|DDS |8BPS\0\x01"
    rb"|BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0{3}|\0{3}\x0cjP  \r\n|\xff\x4f\xff\x51|P[1-6]\s+[#0-9]",
    re.DOTALL,
)

_CONVERT = "convert it, for instance with ImageMagick: magick IN OUT.png"
_DEVELOP = "it is a raw photograph; develop it to TIFF or PNG first, for instance with darktable or dcraw"
_DRAW = "it holds pages or shapes instead of pixels; draw it first, for instance: magick -density 150 IN OUT.png"
_EXPORT = "export it as TIFF or PNG, each slice or channel as one grey image"
_UNSUPPORTED = {
    **dict.fromkeys((".heic", ".heif", ".hif", ".jxl", ".jxr", ".exr", ".hdr", ".xcf"), _CONVERT),
    **dict.fromkeys((".arw", ".cr2", ".cr3", ".crw", ".dng", ".nef", ".nrw", ".orf", ".pef", ".raf"), _DEVELOP),
    **dict.fromkeys((".raw", ".rw2", ".sr2", ".srf", ".srw", ".x3f"), _DEVELOP),
    **dict.fromkeys((".ai", ".eps", ".pdf", ".ps", ".svg", ".svgz"), _DRAW),
    **dict.fromkeys((".czi", ".dcm", ".dicom", ".lif", ".mha", ".mrc", ".nd2", ".nii", ".oib", ".oif"), _EXPORT),
    **dict.fromkeys((".ndpi", ".svs", ".vsi", ".zvi"), _EXPORT),
}
"""The endings of image formats that are not read, each with what to do instead."""

_RUN_PROGRAMS_OR_HOLD_NO_PIXELS = frozenset({"BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "WMF"})


def is_image_file(name: str, start: Callable[[], bytes]) -> bool:
    """Whether a file is meant as an image: by its ending, or, where it has none, by its first bytes.

    Images of formats that are not read count, so that none is passed over in silence; see `unsupported`.

    Args:
        name: The file's name.
        start: Gives its first `START_BYTES`, or more.
    """
    suffix = PurePath(name).suffix.lower()
    return suffix in SUFFIXES or suffix in _UNSUPPORTED if suffix else _STARTS.match(start()) is not None


def unsupported(name: str) -> str:
    """Why an image file of this name is not read, and what to do; empty where its format may be read."""
    suffix = PurePath(name).suffix.lower()
    cure = _UNSUPPORTED.get(suffix)
    if cure is None and suffix in (".avif", ".avifs") and "AVIF" not in pillow_formats()[1]:
        cure = f"install a newer Pillow (11.3 or later), or {_CONVERT}"
    return f"isthmus does not read {suffix[1:].upper()} files: {cure}" if cure else ""


@cache
def pillow_formats():  # type: ignore[no-untyped-def]  # a module and the names of formats
    """Pillow with all its plug-ins, quiet, and the formats that it may open."""
    from PIL import Image

    Image.init()
    # What is wrong with a file is told once, by us; the warnings come from within Pillow, thousands of them.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    return Image, tuple(sorted(set(Image.OPEN) - _RUN_PROGRAMS_OR_HOLD_NO_PIXELS))
