"""Lossless compression with a trained model: bits-back coding on an exact copy of the network in whole numbers.

What it writes are archives, whose format the documentation gives in full.
"""

from isthmus.codec.archive import Archive, Chunk, Damage, open_archive
from isthmus.codec.chunks import Item, Tally
from isthmus.codec.container import RecordReader
from isthmus.codec.copying import model_of, obstacle
from isthmus.codec.directories import MOST_IMAGES, Directory
from isthmus.codec.models import CodecModel
from isthmus.codec.names import fitted, safe_path
from isthmus.codec.writing import CHUNK_IMAGES, Written, write_archive

__all__ = [
    "CHUNK_IMAGES",
    "MOST_IMAGES",
    "Archive",
    "Chunk",
    "CodecModel",
    "Damage",
    "Directory",
    "Item",
    "RecordReader",
    "Tally",
    "Written",
    "fitted",
    "model_of",
    "obstacle",
    "open_archive",
    "safe_path",
    "write_archive",
]
