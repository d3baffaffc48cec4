"""Lossy compression: images as their latent codes, quantised and entropy-coded, in very few bytes.

Each latent dimension is quantised with a step of its own, coarser where the decoder is less sensitive; see `Grid`.  The
quantised codes are coded by their probabilities under a normal distribution for each dimension, in integer arithmetic:
they come back bit for bit on every machine.  The decoder then computes images from them in floating point, which may
differ by a grey level between machines.
"""
