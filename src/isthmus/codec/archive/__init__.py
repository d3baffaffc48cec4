"""Lossless archives: records with checksums, chunks of images, their reader and their writer."""
