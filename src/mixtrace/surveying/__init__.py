"""What a data set of graphs holds, song by song: counted, measured, as tables and as a page."""

from mixtrace.surveying.page import stats_page
from mixtrace.surveying.summary import STATS_SCHEMA, document, stats_tables
from mixtrace.surveying.survey import ALL, FACTS, Survey, take_survey

__all__ = [
    "ALL",
    "FACTS",
    "STATS_SCHEMA",
    "Survey",
    "document",
    "stats_page",
    "stats_tables",
    "take_survey",
]
