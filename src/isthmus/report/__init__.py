"""The report of a run: its metrics, text and plots, on one self-contained HTML page."""

from isthmus.report.assembly import assemble
from isthmus.report.commands import remedy_command, train_command
from isthmus.report.page import Page
from isthmus.report.template import render

__all__ = ["Page", "assemble", "remedy_command", "render", "train_command"]
