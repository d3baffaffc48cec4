"""Arithmetic that gives the same results on every machine: decimal functions, and tables of whole numbers."""
