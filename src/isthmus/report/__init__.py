"""The report: numbers, words and pictures in, one self-contained HTML page out; no model inside."""

from isthmus.report.commands import remedy_command, train_command
from isthmus.report.elements import Drawn, data_uri, difference_image, inline_figure, inline_image, thumbnails
from isthmus.report.key_metrics import KeyFigure, key_figures
from isthmus.report.page import Command, Comparison, Example, FilmFrame, Group, Hero, Page, Picture, Row, Table, Verdict
from isthmus.report.rendering import render
from isthmus.report.tables import provenance_tables, recipe_table, spell_day

__all__ = [
    "Command",
    "Comparison",
    "Drawn",
    "Example",
    "FilmFrame",
    "Group",
    "Hero",
    "KeyFigure",
    "Page",
    "Picture",
    "Row",
    "Table",
    "Verdict",
    "data_uri",
    "difference_image",
    "inline_figure",
    "inline_image",
    "key_figures",
    "provenance_tables",
    "recipe_table",
    "remedy_command",
    "render",
    "spell_day",
    "thumbnails",
    "train_command",
]
