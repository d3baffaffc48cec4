"""Lossless compression with a trained model: bits-back coding on an exact copy of the network in whole numbers.

What it writes are archives, whose format the documentation gives in full.
"""

from isthmus.codec.archive import CHUNK_IMAGES, Archive, Damage, Written, open_archive, write_archive
from isthmus.codec.chunks import MOST_IMAGES, Directory, Item, Tally
from isthmus.codec.container import RecordReader
from isthmus.codec.models import CodecModel, model_of, obstacle
from isthmus.codec.names import safe_path

__all__ = [
    "CHUNK_IMAGES",
    "MOST_IMAGES",
    "Archive",
    "CodecModel",
    "Damage",
    "Directory",
    "Item",
    "RecordReader",
    "Tally",
    "Written",
    "model_of",
    "obstacle",
    "open_archive",
    "safe_path",
    "write_archive",
]
