"""Compression with a trained model: bits-back coding on an exact copy of its network, in whole numbers.

Bottom up: `arithmetic` (exact functions and tables), `network` (fixed-point networks), `coder` (entropy coder),
`model` (the exact copy of a run), `archive` (lossless archives), `lossy` (lossy archives) and `files` (image files).
The documentation specifies the format of archives.
"""

from isthmus.codec.archive.directory import MOST_IMAGES, Directory
from isthmus.codec.archive.image import NamedImage
from isthmus.codec.archive.reader import Archive, Chunk, Damage
from isthmus.codec.archive.records import RecordReader
from isthmus.codec.archive.tally import Tally
from isthmus.codec.archive.writer import CHUNK_IMAGES, ArchiveSummary, write_archive
from isthmus.codec.model.codec_model import CodecModel
from isthmus.codec.model.exact_copy import model_of, obstacle

__all__ = [
    "CHUNK_IMAGES",
    "MOST_IMAGES",
    "Archive",
    "ArchiveSummary",
    "Chunk",
    "CodecModel",
    "Damage",
    "Directory",
    "NamedImage",
    "RecordReader",
    "Tally",
    "model_of",
    "obstacle",
    "write_archive",
]
