"""Every way to invert a mix by its name, and what each found, in one table."""

from mixtrace.comparing.folder import COMPARISON, About, ComparisonFolder
from mixtrace.comparing.page import comparing_page, rows_part
from mixtrace.comparing.registry import METHODS, method_named, usual_methods
from mixtrace.comparing.rows import COLUMNS, Column, Row, read_row, told_columns
from mixtrace.comparing.tables import csv_text, figure_text, markdown_table

__all__ = [
    "COLUMNS",
    "COMPARISON",
    "METHODS",
    "About",
    "Column",
    "ComparisonFolder",
    "Row",
    "comparing_page",
    "csv_text",
    "figure_text",
    "markdown_table",
    "method_named",
    "read_row",
    "rows_part",
    "told_columns",
    "usual_methods",
]
