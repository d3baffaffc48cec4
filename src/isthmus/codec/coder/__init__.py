"""The entropy coder, the probabilities that it codes by, and bits-back coding of images."""
