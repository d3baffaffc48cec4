"""The explorer: a page on this machine, to explore the latent space of a run, and the server under it."""
