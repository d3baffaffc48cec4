"""Images in very few bytes, and not quite as they were: their codes, rounded and entropy-coded.

A code's numbers are rounded to the marks of a `Grid`, coarser where the decoder would hardly notice; `marks` are the
whole numbers that are left.  They are coded by their probabilities under a normal distribution for each number of the
code, in whole-number arithmetic: they come back bit for bit on every machine.  What the decoder makes of them is
computed in floating point, and may differ by a grey level from machine to machine.
"""
