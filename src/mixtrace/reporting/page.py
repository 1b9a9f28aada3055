"""The page of one result: all its sections joined into a single file that needs no other."""

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from mixtrace.errors import MixtraceError
from mixtrace.graph import CONSOLES, Graph, build_console
from mixtrace.reporting.details import node_details
from mixtrace.reporting.diagram import diagram_part
from mixtrace.reporting.found import found_part
from mixtrace.reporting.held_out import held_out_rows
from mixtrace.reporting.listening import listen_part
from mixtrace.reporting.match import match_part, worst
from mixtrace.reporting.parts import Part
from mixtrace.reporting.rendered import wet_levels_db
from mixtrace.reporting.result import StoredResult, fixed, number, read_result
from mixtrace.reporting.sentences import tell
from mixtrace.reporting.sure import alike_sentences
from mixtrace.reporting.templating import filled, web_text
from mixtrace.store import Evidence, StoredGraph
from mixtrace.wording import counted

__all__ = ["joined", "report_page", "words_part"]

_NONE = "'none'"


def report_page(folder: Path) -> str:
    """Return the page of a result, made from what is stored in its folder alone.

    Raises:
        StoreError: a file of the result is missing or damaged.
    """
    result = read_result(folder)
    stored = result.stored
    levels_db = wet_levels_db(stored, result.evidence)
    known = result.sureness, result.agreement
    details = node_details(stored, result.evidence, levels_db, *known)
    sections = [
        ("listen", "Listen", listen_part(folder, stored)),
        ("graph", "The graph", diagram_part(stored.graph, details, _console(result))),
        ("words", "In words", words_part(stored, result.evidence, levels_db, result)),
        ("match", "How good is the match?", match_part(result)),
        ("search", "How it was found", found_part(result)),
    ]
    applied = result.applied
    title = f"{stored.song}: mixed as {applied}" if applied else f"{stored.song}: how it was mixed"
    return joined(title, "Mix report", _lead(result), sections)


def joined(title: str, kicker: str, lead: Markup, sections: list[tuple[str, str, Part]]) -> str:
    """Return a page of sections.

    Args:
        title: of the document and its first heading.
        kicker: the small line above it.
        lead: what stands before the sections.
        sections: (identifier, heading, content).
    """
    parts = [part for _, _, part in sections]
    style = "\n".join([web_text("page.css"), *(part.style for part in parts)])
    scripts = [part.script for part in parts if part.script]
    return filled(
        "page.html",
        title=title,
        kicker=kicker,
        lead=lead,
        sections=[(name, heading, part.html) for name, heading, part in sections],
        policy=_policy(style, scripts),
        style=Markup(style),
        scripts=[Markup(script) for script in scripts],
    )


def _policy(style: str, scripts: Sequence[str]) -> str:
    """Return the Content-Security-Policy of a page: its own style and scripts, and pictures in it.

    Nothing is fetched, sent or framed. The template puts each text on lines of its own.
    """
    return (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"style-src {_hash(style)}; script-src {' '.join(map(_hash, scripts)) or _NONE}"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(f"\n{text}\n".encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _console(result: StoredResult) -> Graph | None:
    """Return the console the search began with, where its preset is known."""
    preset = CONSOLES.get(str(result.facts["config"].get("preset")))
    if preset is None:
        return None
    try:
        return build_console([(t.name, t.group) for t in result.stored.tracks], preset)
    except MixtraceError:
        return None


def words_part(
    stored: StoredGraph,
    evidence: Evidence,
    levels_db: Mapping[int, float],
    result: StoredResult | None = None,
) -> Part:
    """Return the section in words; of a result that was searched it tells what is unsure, too."""
    tolerance, sureness = (result.least_worth, result.sureness) if result else (0.0, None)
    tellings = tell(stored, evidence, tolerance, levels_db, sureness)
    return Part(
        filled("words.html", tellings=tellings, unsure=list(alike_sentences(stored, sureness)))
    )


def _strips(graph: Graph) -> str:
    """Return how many strips of each role there are."""
    roles = Counter(strip.role for strip in graph.strips.values())
    told = [counted(roles["track"], "track")]
    told += [f"{roles['bus']} bus{'es' if roles['bus'] > 1 else ''}"] if roles["bus"] else []
    told += [counted(roles["return"], "return")] if roles["return"] else []
    return f"{', '.join(told)} and the master"


def _spent(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _lead(result: StoredResult) -> Markup:
    """Return the result in a few numbers and two sentences."""
    graph, losses = result.stored.graph, result.facts["losses"]
    every = result.facts["processors"]["console"]
    off = result.measures["loudness_difference_lu"]
    searched = [
        ("of the plain sum", fixed(number(losses, "sum", "published"), 3)),
        ("processors kept", f"{len(graph.processors)} of {every}"),
    ]
    tiles = [
        ("L_a, published convention", fixed(result.measures["published"]["l_a"], 3)),
        *((f"of the {name}", loss) for name, loss, _ in held_out_rows(result.measures)),
        *(() if result.applied else searched),
        (
            "loudness against the target",
            "none" if off is None else f"{fixed(off, 1, sign=True)} LU",
        ),
        *(() if result.applied else [("found in", _spent(result.facts["seconds"] or 0.0))]),
    ]
    return filled(
        "lead.html",
        strips=_strips(graph),
        kept=len(graph.processors),
        every=every,
        tiles=tiles,
        failure=str(worst(result.evidence)),
        applied=result.applied,
        interrupted=result.facts["ended"] == "stopped",
    )
