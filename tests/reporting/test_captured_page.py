"""The page of a capture against the numbers it is made from, and in a real browser."""

import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from captures import GAIN_STEP_S, HZ, SECONDS, capture, track, write, write_metrics
from msgspec.structs import replace
from playwright.sync_api import Browser

from mixtrace.errors import StoreError
from mixtrace.reporting import capture_page
from mixtrace.reporting.captured_tails import shared_tails
from mixtrace.store import (
    CAPTURE,
    GAINS,
    METRICS,
    StoredCapture,
    StoredCurve,
    StoredShared,
    StoredUnread,
    write_capture,
    write_gains,
)

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """A page's tags with their attributes, its text, its tables, and the text of each article."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.tables: list[list[list[str]]] = []
        self.articles: list[str] = []
        self.in_cell = False
        self.feed(str(text))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self.in_cell = True
        elif tag == "article":
            self.articles.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.in_cell = False

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.in_cell:
            self.tables[-1][-1][-1] += data
        if self.articles:
            self.articles[-1] += data

    def labels(self, of: str) -> list[str]:
        """Return what figures of a track say they show."""
        said = [str(attributes.get("aria-label")) for tag, attributes in self.tags if tag == "svg"]
        return [label for label in said if label.startswith(f"{of}: ")]


def page_of(folder: Path, stored: StoredCapture) -> Page:
    return Page(capture_page(write(folder / "OUT", stored)))


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_overview_holds_what_was_stored(tmp_path: Path):
    right = (-120.0,) * len(HZ), (0.0,) * len(HZ)
    other = track("Voice", delay_s=0.0, arrival_s=-0.001, polarity=-1, curve=None, direct_db=right)
    head, first, second = page_of(tmp_path, capture(track("Kick"), other)).tables[0]
    assert head[1:3] == ["level, dB", "pan, %"]
    # Half the power of one side alone: 3 dB less. 2 ms of the file and .3 of the response.
    kick = ["-9.0", "L 100", "+2.30", "1", "-14.2", "0.90", "5.9", "12", "0.97", "0.80", "none"]
    assert first == ["Kick drums", *kick]
    assert second[1:4] == ["-3.0", "R 100", "-1.00 (turned)"]
    assert second[7] == "0.0"  # its gain does not move


def test_the_level_is_judged_where_tracks_sound(tmp_path: Path):
    """A boost of the lowest octaves does not count: flat at 0 dB from 100 Hz to 8 kHz."""
    curve = tuple(0.0 if 99.0 < hertz < 8_001.0 else 30.0 for hertz in HZ)
    _, row = page_of(tmp_path, capture(track("Kick", direct_db=(curve, curve)))).tables[0]
    assert row[1:3] == ["0.0", "0"]


def test_gains_held_in_silence_do_not_count_as_movement(tmp_path: Path):
    """The lowest gain of a curve is held in silence: here for most of the song."""
    stored = capture(track("Kick"))
    folder = write(tmp_path / "OUT", stored)
    steps = round(SECONDS / GAIN_STEP_S)
    gain_db = np.where(np.arange(steps) < 0.8 * steps, 3.0, np.linspace(-6.0, -1.0, steps))
    write_gains(folder / GAINS, stored, gain_db[None])
    _, row = Page(capture_page(folder)).tables[0]
    assert row[7] == "0.9"  # nine tenths of the last dB


def test_each_track_is_told_with_its_pictures(tmp_path: Path):
    still = track("Voice", curve=None, rt60_s=None, echoes=())
    page = page_of(tmp_path, capture(track("Kick"), still))
    kick, voice = (words(article) for article in page.articles)
    for said in (
        "at -9.0 dB, panned 100 % left",
        "2.30 ms later than in its file",
        "One echo stands out after 250 ms at -11.5 dB",
        "is 14.2 dB below it and falls by 60 dB in 900 ms",
        "the louder it plays, the lower its gain, like a compressor, with an attack of 2 ms and "
        "a release of 160 ms",
        "responses/Kick.wav",
        "begins 30 ms before time zero",
        "First move the track 2.00 ms later",
    ):
        assert said in kick
    assert "No echo stands out" in voice and "below it; no decay time can be told." in voice
    assert "Its gain does not follow its level" in voice
    for label, name in zip(page.labels("Kick"), FIGURES, strict=True):
        assert name in label
    # Without a gain there is nothing to draw of it.
    assert len(page.labels("Voice")) == len(FIGURES) - 2


FIGURES = (
    "response around time zero",
    "whole response",
    "direct part over frequency",
    "gain in dB over the song, from -3.0 to +3.0 dB",
    "-4.0 dB at -10 dB",
    "63 Hz 0.80, 125 Hz 0.80",
)


def test_parts_of_a_response_are_named(tmp_path: Path):
    text = capture_page(write(tmp_path / "OUT", capture(track("Kick"))))
    near = text.split("response around time zero")[1].split("</svg>")[0]
    whole = text.split("whole response")[1].split("</svg>")[0]
    assert [name for name in ("lead", "direct", "tail", "echo") if f">{name}<" in near] == [
        "lead",
        "direct",
        "tail",
    ]
    assert ">tail<" in whole and ">echo<" in whole
    assert "falls" in whole  # the line of its RT60


def test_peaks_and_valleys_of_a_long_gain_are_drawn(tmp_path: Path):
    stored = capture(track("Kick"))
    folder = write(tmp_path / "OUT", stored)
    gain_db = np.zeros((1, 60_000))
    gain_db[0, 31_234], gain_db[0, 45_678] = -11.9, 5.9
    write_gains(folder / GAINS, stored, gain_db)
    (label,) = [label for label in Page(capture_page(folder)).labels("Kick") if "song" in label]
    assert "from -11.9 to +5.9 dB" in label
    drawn = capture_page(folder).split(label)[1].split('class="band" d="M')[1].split('"')[0]
    heights = [float(point.split()[1]) for point in drawn.strip("Z").split("L")]
    # The axis reaches from -12 to 6 dB over 150 pixels, its top at 16.
    assert max(heights) == pytest.approx(16 + 150 * 17.9 / 18, abs=0.1)
    assert min(heights) == pytest.approx(16 + 150 * 0.1 / 18, abs=0.1)


@pytest.mark.parametrize(
    ("changes", "word", "sentence"),
    [
        ({"holds": 0.4}, "holds poorly", "scaled down to 0.40"),
        ({"arrival_s": 0.0678}, "peak far off", "68 ms off time zero"),
        ({"holds": None}, "not tested", "could not be tested: every fourth stretch of 2 s"),
        ({"coherence": ((0.1,) * 5,) * 9}, "little in common", "in no octave"),
        ({"coherence": ((None,) * 5,) * 9}, "little in common", "in no octave"),
    ],
)
def test_doubts_are_told(tmp_path: Path, changes: dict[str, Any], word: str, sentence: str):
    page = page_of(tmp_path, capture(track("Kick", **changes)))
    assert page.tables[0][1][-1] == word
    assert "Unsure:" in page.articles[0] and sentence in words(page.articles[0])


def test_a_track_that_sounds_in_few_octaves_is_not_doubted(tmp_path: Path):
    bass = track("Bass", coherence=((0.99,) * 5, *((0.0,) * 5,) * 8))
    row = page_of(tmp_path, capture(bass)).tables[0][1]
    assert row[-2:] == ["0.99", "none"]


def test_what_is_unknown_is_said(tmp_path: Path):
    cells = ((None, *(0.5,) * 4), *((0.5,) * 5,) * 8)
    nothing = track("Kick", holds=None, rt60_s=None, echoes=(), energy_db=(0.0,), coherence=cells)
    text = capture_page(write(tmp_path / "OUT", capture(nothing)))
    assert Page(text).tables[0][1][6:10] == ["none", "5.9", "12", "unknown"]
    assert text.count('class="nothing"') == 1
    assert "nan" not in text.lower()


def test_the_lead_says_how_well_it_is_explained(tmp_path: Path):
    unread = (StoredUnread(name="Hum", reason="it is silent"),)
    stored = capture(track("Kick"), unseen="end:40", error_unseen=0.081, unread=unread)
    folder = write(tmp_path / "OUT", replace(stored, notes=("took mix.wav for the mix",)))
    measures = write_metrics(folder, "end:40")
    page = Page(capture_page(folder))
    text = words(page.text)
    assert "95 % of the mix's energy" in text
    assert "of the last 40 % of the song, which was held out, 92 %." in text
    for value in ("5.2 %", "8.1 %", "1 of 2", "0.53 s", "1 min 15 s", "took mix.wav for the mix"):
        assert value in text
    for part in (measures, measures["held_out"]["seen"], measures["held_out"]["unseen"]):
        assert f"{part['published']['l_a']:.3f}" in text
    assert ["Hum", "it is silent"] in page.tables[-1]


def test_a_gain_that_tracks_share_is_told_and_drawn(tmp_path: Path):
    kick, snare, voice = (track(name, curve=None) for name in ("Kick", "Snare", "Voice"))
    curve = StoredCurve(2.0, 160.0, (-40.0, -10.0), (1.0, -5.0), 0.02)
    drums = StoredShared("drums", (0, 1), curve)
    page = page_of(tmp_path / "1", capture(kick, snare, voice, shared=(drums,)))
    assert "Kick and Snare (drums) share a gain. Its gain moves by" in page.text
    assert "the louder it plays, the lower its gain" in page.text
    assert any("drums: gain in dB over the song" in label for label in page.labels("drums"))
    master = StoredShared("master", (0, 1, 2), None)
    page = page_of(tmp_path / "2", capture(kick, snare, voice, shared=(master,)))
    assert "All tracks share a gain. Its gain moves by" in page.text
    assert "No gain was found" in page_of(tmp_path / "3", capture(kick, snare)).text


def test_where_a_track_does_not_sound_its_curve_says_nothing(tmp_path: Path):
    low = [hz < 500.0 for hz in HZ]
    curve = tuple(0.0 if here else 40.0 for here in low)
    sounds = tuple(0.0 if here else -80.0 for here in low)
    plain = track("Bass", direct_db=(curve, curve), sounds_db=sounds)
    _, row = page_of(tmp_path, capture(plain)).tables[0]
    assert row[1] == "0.0"


def test_a_capture_without_metrics_has_a_page(tmp_path: Path):
    page = page_of(tmp_path, capture(track("Kick")))
    assert "L_a" not in page.text
    sections = [attributes["id"] for tag, attributes in page.tags if tag == "section"]
    assert sections == ["overview", "tails", "shared", "tracks", "about"]
    assert "One track was read" in page.text


def alike(count: int, pairs: dict[tuple[int, int], float]) -> StoredCapture:
    """Return a capture of tracks of which some share a tail."""
    stored = capture(*(track(f"T{k}") for k in range(count)))
    likeness = [list(row) for row in stored.tail_likeness]
    for (one, two), value in pairs.items():
        likeness[one][two] = likeness[two][one] = value
    return replace(stored, tail_likeness=tuple(tuple(row) for row in likeness))


def test_tracks_that_share_a_reverb_are_grouped(tmp_path: Path):
    stored = alike(6, {(0, 2): 0.62, (2, 5): 0.9, (1, 4): 0.5, (0, 3): 0.49})
    first, second = shared_tails(stored)
    assert (first.tracks, second.tracks) == ((0, 2, 5), (1, 4))
    assert first.alike == (0.62, 0.9)
    page = page_of(tmp_path, stored)
    text = words(page.text)
    assert "T0, T2 and T5 share one reverb: their tails are alike by 0.62 to 0.90." in text
    assert "T1 and T4 share one reverb" in text
    matrix = page.tables[1]
    assert matrix[1] == ["1 T0", "–", "0.03", "0.62", "0.49", "0.03", "0.03"]
    assert [row[0] for row in matrix[1:]] == [f"{k + 1} T{k}" for k in range(6)]


def test_no_shared_reverb_is_said(tmp_path: Path):
    assert "No two tracks share a reverb." in page_of(tmp_path, alike(2, {(0, 1): 0.3})).text


def test_names_of_strangers_are_text(tmp_path: Path):
    stored = capture(
        track(HOSTILE, group=HOSTILE, file=HOSTILE),
        track("Voice"),
        song=HOSTILE,
        mixtrace=HOSTILE,
        notes=(HOSTILE,),
        unread=(StoredUnread(name=HOSTILE, reason=HOSTILE),),
    )
    text = capture_page(write(tmp_path / "OUT", stored))
    page = Page(text)
    assert HOSTILE not in text
    assert not {"script", "img"} & {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name[:2] == "on"]
    assert page.text.count(HOSTILE) >= 8


def test_nothing_is_fetched_and_no_name_is_twice(tmp_path: Path):
    page = page_of(tmp_path, capture(track("Kick"), track("Voice")))
    for tag, attributes in page.tags:
        for name in ("src", "href", "action", "srcset", "data"):
            target = attributes.get(name)
            assert target is None or target.startswith(("#", "data:")), (tag, target)
    identifiers = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    links = [str(a["href"])[1:] for tag, a in page.tags if tag == "a"]
    assert set(links) - {"content"} <= set(identifiers)


def test_a_large_song_has_a_small_page(tmp_path: Path):
    """130 tracks, the most a song may have: below 10 MB, and folded."""
    stored = capture(*(track(f"track {k:03d}") for k in range(130)))
    folder = write(tmp_path / "OUT", stored)
    begun = time.process_time()
    text = capture_page(folder)
    assert time.process_time() - begun < 30.0  # three seconds where it was written
    assert 1_000_000 < len(text.encode()) < 6_000_000
    page = Page(text)
    assert len(page.articles) == 130
    assert [attributes for tag, attributes in page.tags if tag == "details"] == [{}] * 131


def test_damage_is_refused(tmp_path: Path):
    folder = write(tmp_path / "OUT", capture(track("Kick")))
    (folder / METRICS).write_text("{}")
    with pytest.raises(StoreError, match="metrics"):
        capture_page(folder)
    (folder / METRICS).unlink()
    (folder / GAINS).write_text("time_s,Kick\r\n0.00,nan\r\n")
    with pytest.raises(StoreError, match="columns of gains in dB"):
        capture_page(folder)
    (folder / GAINS).write_text("time_s,Kick\r\n0.00,1.0\r\n0.01\r\n")
    with pytest.raises(StoreError, match=r"a row has other cells\. .* a new folder\.$") as refused:
        capture_page(folder)
    assert "usecols" not in str(refused.value)
    (folder / GAINS).unlink()
    with pytest.raises(StoreError, match="it is missing"):
        capture_page(folder)
    (folder / CAPTURE).write_text("{")
    with pytest.raises(StoreError, match=r"cannot be read as one .*into a new folder\.$"):
        capture_page(folder)
    write_capture(capture(direct_hz=()), folder / CAPTURE)
    with pytest.raises(StoreError, match="no tracks"):
        capture_page(folder)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_accessible(browser: Browser, tmp_path: Path, width: int, theme: Any):
    """axe-core finds nothing, the console stays empty, and nothing sticks out of a phone."""
    stored = alike(3, {(0, 1): 0.93})
    doubted = replace(stored.tracks[0], name=HOSTILE, holds=0.3)
    unread = (StoredUnread(name="Hum", reason="it is silent"),)
    stored = replace(stored, tracks=(doubted, *stored.tracks[1:]), unread=unread)
    folder = write(tmp_path / "OUT", stored)
    write_metrics(folder)
    file = folder / "report.html"
    file.write_text(capture_page(folder), "utf-8")
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=theme)
    page, problems = context.new_page(), []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    page.on("request", lambda request: problems.append(request.url))
    page.goto(file.as_uri())
    found = Axe().run(page).response["violations"]
    told = [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found]
    assert told == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [p for p in problems if not p.startswith("data:")] == [file.as_uri()]
    context.close()
