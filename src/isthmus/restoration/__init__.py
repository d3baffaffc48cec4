"""Restoration: what a run makes of spoilt, grey, holed or unlabelled pictures of any size."""

from isthmus.restoration.restorer import Restored, Restorer

__all__ = ["Restored", "Restorer"]
