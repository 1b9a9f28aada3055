"""Listening tests: what is heard, the page that asks, and what the answers say."""

from mixtrace.listening.page import listening_page
from mixtrace.listening.plot import PLOT_MARK, ratings_plot
from mixtrace.listening.ratings import Rating, read_ratings
from mixtrace.listening.statistics import (
    ListeningResults,
    Screened,
    SystemRating,
    listening_results,
)
from mixtrace.listening.stimuli import MOST_SYSTEMS, Item, Stimulus, anchor, make_item

__all__ = [
    "MOST_SYSTEMS",
    "PLOT_MARK",
    "Item",
    "ListeningResults",
    "Rating",
    "Screened",
    "Stimulus",
    "SystemRating",
    "anchor",
    "listening_page",
    "listening_results",
    "make_item",
    "ratings_plot",
    "read_ratings",
]
