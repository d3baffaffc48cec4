"""From image files, looked at one by one, to sources of pixels in memory or packed in the cache."""
