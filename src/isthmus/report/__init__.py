"""The report: numbers, words and pictures in, one self-contained HTML page out; no model inside."""

from isthmus.report.commands import resume_command, train_command
from isthmus.report.drawings import Drawn, data_uri, difference_image, inline_figure, inline_image, thumbnails
from isthmus.report.findings import findings
from isthmus.report.keyfigures import KeyFigure, key_figures
from isthmus.report.observed import Finding, Observed
from isthmus.report.page import Command, Example, FilmFrame, Group, Hero, Page, Picture, Table
from isthmus.report.rendering import render
from isthmus.report.tables import provenance_tables, recipe_table, spell_day

__all__ = [
    "Command",
    "Drawn",
    "Example",
    "FilmFrame",
    "Finding",
    "Group",
    "Hero",
    "KeyFigure",
    "Observed",
    "Page",
    "Picture",
    "Table",
    "data_uri",
    "difference_image",
    "findings",
    "inline_figure",
    "inline_image",
    "key_figures",
    "provenance_tables",
    "recipe_table",
    "render",
    "resume_command",
    "spell_day",
    "thumbnails",
    "train_command",
]
