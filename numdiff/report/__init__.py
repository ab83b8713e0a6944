"""Tables, figures and pages made of records; no error is computed here."""

from numdiff.report.figures import FORMAT_STYLE, METHOD_STYLE, PART_STYLE, Figure, Style
from numdiff.report.pages import Advice, Opening, Section, write_report
from numdiff.report.tables import Table, wide

__all__ = ["FORMAT_STYLE", "METHOD_STYLE", "PART_STYLE", "Advice", "Figure", "Opening", "Section", "Style", "Table"]
__all__ += ["wide", "write_report"]
