"""The explorer: a web page on this machine to explore the latent space of a run, its server and its export."""
