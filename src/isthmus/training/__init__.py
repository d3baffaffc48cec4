"""Fitting a recipe to images; needs Keras and one of its backends."""
