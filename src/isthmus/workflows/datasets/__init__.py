"""The entry to data: images to train on, held-out images of a run, and images to use a run on."""

from isthmus.workflows.datasets.chosen import ChosenImages, choose_images
from isthmus.workflows.datasets.given import GivenImages, open_given, open_large
from isthmus.workflows.datasets.held_out import HeldOut, open_held_out, recall_training_data
from isthmus.workflows.datasets.training_data import TrainingData, open_training_data

__all__ = [
    "ChosenImages",
    "GivenImages",
    "HeldOut",
    "TrainingData",
    "choose_images",
    "open_given",
    "open_held_out",
    "open_large",
    "open_training_data",
    "recall_training_data",
]
