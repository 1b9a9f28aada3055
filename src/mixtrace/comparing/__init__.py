"""Every way to invert a mix by its name, and what each found, in one table."""

from mixtrace.comparing.benchmark import (
    Mean,
    SongRows,
    benchmark_csv,
    benchmark_markdown,
    failures_of,
    means_of,
)
from mixtrace.comparing.benchmark_page import benchmark_page
from mixtrace.comparing.folder import COMPARISON, About, ComparisonFolder
from mixtrace.comparing.page import comparing_page, rows_part
from mixtrace.comparing.registry import METHODS, method_named, usual_methods
from mixtrace.comparing.rows import COLUMNS, Column, Row, read_row, told_columns
from mixtrace.comparing.tables import csv_text, figure_text, markdown_table, markdown_text

__all__ = [
    "COLUMNS",
    "COMPARISON",
    "METHODS",
    "About",
    "Column",
    "ComparisonFolder",
    "Mean",
    "Row",
    "SongRows",
    "benchmark_csv",
    "benchmark_markdown",
    "benchmark_page",
    "comparing_page",
    "csv_text",
    "failures_of",
    "figure_text",
    "markdown_table",
    "markdown_text",
    "means_of",
    "method_named",
    "read_row",
    "rows_part",
    "told_columns",
    "usual_methods",
]
