"""Restoration of corrupted, grey, incomplete or unlabelled images of any size."""

from isthmus.restoration.restorer import Restored, Restorer

__all__ = ["Restored", "Restorer"]
