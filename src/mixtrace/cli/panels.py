"""What the commands are for: the headings under which the help lists them."""

__all__ = ["A_RESULT", "HOW_NEAR", "MANY_SONGS", "METHODS"]

A_RESULT = "What to do with a result"
HOW_NEAR = "How near mixes are to one another"
MANY_SONGS = "Many songs"
METHODS = "Other ways to find a graph"
