"""Results in words, pictures and pages, made from what is stored."""

from mixtrace.reporting.agreed import run_sentences
from mixtrace.reporting.captured_doubts import noting_losses
from mixtrace.reporting.captured_outline import outline_capture
from mixtrace.reporting.captured_page import capture_page
from mixtrace.reporting.comparison import Comparison, compare_results, comparison_page
from mixtrace.reporting.difference import (
    DIFF_SCHEMA,
    Difference,
    StripChanges,
    difference_page,
    match_rows,
)
from mixtrace.reporting.held_out import held_out_sentence
from mixtrace.reporting.likeness import feature_rows
from mixtrace.reporting.listening_results import results_part
from mixtrace.reporting.outline import Line, Outline, Row, outline_graph, outline_session
from mixtrace.reporting.page import report_page
from mixtrace.reporting.refined import refined_rows, refined_sentence
from mixtrace.reporting.result import (
    StoredResult,
    agreement_beside,
    evidence_beside,
    read_result,
    refined_beside,
    simplified_beside,
    sureness_beside,
)
from mixtrace.reporting.simplified import simplified_rows, simplified_sentence
from mixtrace.reporting.transfer_page import transfer_page

__all__ = [
    "DIFF_SCHEMA",
    "Comparison",
    "Difference",
    "Line",
    "Outline",
    "Row",
    "StoredResult",
    "StripChanges",
    "agreement_beside",
    "capture_page",
    "compare_results",
    "comparison_page",
    "difference_page",
    "evidence_beside",
    "feature_rows",
    "held_out_sentence",
    "match_rows",
    "noting_losses",
    "outline_capture",
    "outline_graph",
    "outline_session",
    "read_result",
    "refined_beside",
    "refined_rows",
    "refined_sentence",
    "report_page",
    "results_part",
    "run_sentences",
    "simplified_beside",
    "simplified_rows",
    "simplified_sentence",
    "sureness_beside",
    "transfer_page",
]
