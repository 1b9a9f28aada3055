"""The page: made from the stored result alone, small, and names in it are never obeyed."""

import base64
import hashlib
from collections.abc import Callable, Collection
from dataclasses import replace
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from captures import capture, track, write

from mixtrace.errors import StoreError
from mixtrace.exporting import TARGETS
from mixtrace.graph import Graph
from mixtrace.processors import PROCESSORS, NodeSettings
from mixtrace.reporting import capture_page, comparison_page, read_result, report_page
from mixtrace.reporting.details import node_details
from mixtrace.reporting.rendered import entering_spectra_db, response_powers
from mixtrace.store import (
    EVIDENCE,
    FIT,
    FIT_SCHEMA,
    Evidence,
    StoredGraph,
    read_document,
    write_document,
)

HOSTILE = "<img src=x onerror=alert(1)>"
Write = Callable[..., Path]


class Elements(HTMLParser):
    """Collects the elements of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def renamed_strips(graph: Graph, old: Collection[str], new: str) -> Graph:
    strips = {
        number: replace(strip, name=new) if strip.name in old else strip
        for number, strip in graph.strips.items()
    }
    return replace(graph, strips=strips)


def renamed(stored: StoredGraph, name: str) -> StoredGraph:
    """Return the graph with a stranger's name on its first track, that track's bus and the song."""
    graph = renamed_strips(stored.graph, ("01_Kick", "drums"), name)
    tracks = (replace(stored.tracks[0], name=name, group=name), *stored.tracks[1:])
    return replace(stored, song=name, tracks=tracks, graph=graph)


def test_names_of_strangers_are_text(
    tmp_path: Path, stored_graph: StoredGraph, write_result: Write
):
    removed = [{"node": 90, "kind": HOSTILE, "name": HOSTILE, "round": 1, "loss": 0.4}]
    stored = renamed(stored_graph, HOSTILE)
    folder = write_result(tmp_path / "OUT", stored, notes=[HOSTILE], removed=removed)
    page = report_page(folder)
    elements = Elements(page)
    assert not [tag for tag, _ in elements.found if tag == "img"]
    assert not [name for _, attributes in elements.found for name in attributes if name[:2] == "on"]
    assert HOSTILE not in page
    assert any(HOSTILE in text for text in elements.text)


def test_names_of_strangers_are_text_where_results_are_compared(
    tmp_path: Path, stored_graph: StoredGraph, write_result: Write
):
    stored = renamed(stored_graph, HOSTILE)
    folders = [write_result(tmp_path / name, stored) for name in (HOSTILE, "other")]
    page = comparison_page([read_result(folder) for folder in folders])
    elements = Elements(page)
    assert not [tag for tag, _ in elements.found if tag == "img"]
    assert HOSTILE not in page
    assert sum(HOSTILE in text for text in elements.text) >= 2  # the folder and the track


def test_script_ends_in_names_do_not_end_scripts(
    tmp_path: Path, stored_graph: StoredGraph, write_result: Write
):
    plain = Elements(report_page(write_result(tmp_path / "A")))
    stored = renamed(stored_graph, "</script><script>alert(1)</script>")
    hostile = Elements(report_page(write_result(tmp_path / "B", stored)))
    scripts = [sum(tag == "script" for tag, _ in page.found) for page in (plain, hostile)]
    assert scripts[0] == scripts[1]


def test_nothing_is_fetched(tmp_path: Path, write_result: Write):
    elements = Elements(report_page(write_result(tmp_path / "OUT")))
    for tag, attributes in elements.found:
        for name in ("src", "href", "action", "srcset", "data"):
            target = attributes.get(name)
            assert target is None or target.startswith(("#", "data:")), (tag, target)
    assert "url(http" not in "".join(elements.text)


class Inline(HTMLParser):
    """Collects what a browser would run or apply of a page, and its policy."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: dict[str, list[str]] = {"script": [], "style": []}
        self.policy, self.before_policy = "", list[str]()
        self.attributes: list[tuple[str, str]] = []
        self._inside: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.attributes += [(tag, name) for name in found if name == "style" or name[:2] == "on"]
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"] or ""
        elif not self.policy:
            self.before_policy.append(tag)
        if tag == "style" or (tag == "script" and "type" not in found):
            self._inside = tag
            self.texts[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside is not None:
            self.texts[self._inside][-1] += data


def hashes(texts: list[str]) -> list[str]:
    digests = [hashlib.sha256(text.encode()).digest() for text in texts]
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


def check_policy(page: str, scripts: int) -> None:
    """Check that a page's policy admits its own scripts and style, and nothing else."""
    inline = Inline(page)
    rules = dict(rule.strip().split(" ", 1) for rule in inline.policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == "data:"
    assert rules["style-src"].split() == hashes(inline.texts["style"])
    assert len(inline.texts["script"]) == scripts
    assert rules["script-src"].split() == (hashes(inline.texts["script"]) or ["'none'"])
    assert len(rules) == 6
    assert inline.attributes == []  # the policy would not let them act
    assert set(inline.before_policy) <= {"html", "head", "meta"}


def test_the_policy_admits_the_page_itself_alone(tmp_path: Path, write_result: Write):
    folder = write_result(tmp_path / "OUT")
    check_policy(report_page(folder), scripts=1)
    check_policy(comparison_page([read_result(folder)] * 2), scripts=0)


def test_the_policy_admits_the_page_of_a_capture_alone(tmp_path: Path):
    folder = write(tmp_path / "OUT", capture(track("Kick"), track("Voice")))
    check_policy(capture_page(folder), scripts=0)


def test_every_section_and_every_chain_is_there(tmp_path: Path, write_result: Write):
    elements = Elements(report_page(write_result(tmp_path / "OUT")))
    sections = [attributes["id"] for tag, attributes in elements.found if tag == "section"]
    assert sections == ["listen", "graph", "words", "match", "search"]
    identifiers = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    text = " ".join(elements.text)
    for name in ("01_Kick", "02_Bass", "03_Voice", "master", "took mix.wav for the mix"):
        assert name in text
    assert "It fits worst from 0:03.8 to 0:06.6 (L_a 0.90)" in text  # the second window


def test_the_page_says_how_to_go_on_mixing(tmp_path: Path, write_result: Write):
    page = report_page(write_result(tmp_path / "OUT"))
    for name in TARGETS:
        assert f"<code>{name}</code>" in page or f"--to {name} " in page


def test_a_page_without_sound_is_small(tmp_path: Path, write_result: Write):
    assert len(report_page(write_result(tmp_path / "OUT")).encode()) < 600_000


def test_wet_levels_are_worked_out_once(
    tmp_path: Path, write_result: Write, monkeypatch: pytest.MonkeyPatch
):
    """Each takes a tenth of a second, and a console of a hundred tracks has two hundred."""
    asked: list[str] = []

    def counted(node: NodeSettings, *rest: Any) -> Any:
        asked.append(node.kind)
        return response_powers(node, *rest)

    monkeypatch.setattr(import_module("mixtrace.reporting.rendered"), "response_powers", counted)
    report_page(write_result(tmp_path / "OUT"))
    often = {kind: asked.count(kind) for kind in set(asked)}
    assert often == {"noise_reverb": 3, "twenty_tap_delay": 3}  # of the tracks


def test_an_interrupted_search_says_so(tmp_path: Path, write_result: Write):
    page = report_page(write_result(tmp_path / "OUT", ended="stopped"))
    assert "stopped early" in page
    assert "stopped early" not in report_page(write_result(tmp_path / "OTHER"))


@pytest.mark.parametrize(
    "facts", [{"losses": {}}, {"history": {}}, {"removed": []}, {"notes": []}, {"seconds": None}]
)
def test_a_page_bears_missing_facts(tmp_path: Path, write_result: Write, facts: dict[str, Any]):
    assert "</html>" in report_page(write_result(tmp_path / "OUT", **facts))


def test_a_result_without_evidence_is_refused(tmp_path: Path, write_result: Write):
    folder = write_result(tmp_path / "OUT")
    (folder / EVIDENCE).unlink()
    with pytest.raises(StoreError, match="made without a report"):
        report_page(folder)


def test_a_damaged_fit_is_refused(tmp_path: Path, write_result: Write):
    folder = write_result(tmp_path / "OUT")
    facts = read_document(folder / FIT, FIT_SCHEMA)
    write_document(folder / FIT, FIT_SCHEMA, facts | {"history": "none"})
    with pytest.raises(StoreError, match="history"):
        report_page(folder)


def test_every_processor_has_settings_and_a_picture(stored_graph: StoredGraph, evidence: Evidence):
    graph = stored_graph.graph
    for known in (evidence, None):
        details = node_details(stored_graph, known)
        assert set(details) == set(graph.processors)
        for i, detail in details.items():
            assert detail.title == f"{PROCESSORS[graph.nodes[i].kind].label} of {graph.name(i)}"
            assert ("wet" in dict(detail.settings)) and detail.summary
            assert "nan" not in detail.picture_svg
            assert 300 < len(detail.picture_svg) < 5_000  # three hundred of them make 1.5 MB
    told = dict(
        node_details(stored_graph, evidence)[graph.of_kind("one_pole_compressor")[0]].settings
    )
    assert told["takes away"] == "0.0 to 5.0 dB"
    assert told["L_a without it"].startswith(("+", "-"))


def test_a_bus_does_not_borrow_the_spectrum_of_a_track_of_its_name(
    stored_graph: StoredGraph, evidence: Evidence
):
    graph = renamed_strips(stored_graph.graph, ("01_Kick",), "drums")
    kinds = [graph.nodes[i].kind for i in entering_spectra_db(graph, evidence)]
    assert kinds.count("equalizer") == 3  # one a track
