"""The explorer: a page on this machine, to feel what a run learned, and the server under it."""
