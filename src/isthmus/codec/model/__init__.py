"""The model that codes images: the exact copy of a run's networks, and its form within an archive."""
