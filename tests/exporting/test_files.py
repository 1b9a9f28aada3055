"""Plain files: the settings sheet, EQ text, responses and gains, and that no name does harm."""

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io.wavfile
import scipy.signal
import torch
from planted_desk import RATE_HZ, alone, planted_desk, planted_tracks, settings_of

from mixtrace.exporting.files.room_eq import room_eq
from mixtrace.exporting.files.sheet import write_sheet
from mixtrace.exporting.stems import entering
from mixtrace.exporting.tables import cell, markdown_cell
from mixtrace.exporting.targets import TARGETS
from mixtrace.processors import FilterProcessor, NodeSettings, processor
from mixtrace.rendering import render_taps
from mixtrace.store import Interval, Setting, Sureness

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "files"
    folder.mkdir()
    TARGETS["files"].write(planted_desk(), folder, lambda *step: None)
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


@pytest.mark.parametrize("name", ["settings.csv", "settings.md", "room EQ/002 ___ import os _.txt"])
def test_text_is_the_golden_one(files: Path, name: str):
    # `python tests/exporting/make_golden.py` writes these anew.
    assert (files / name).read_bytes() == (GOLDEN / "files" / Path(name).name).read_bytes()


def test_everything_is_there(files: Path):
    there = {str(path.relative_to(files)) for path in files.rglob("*") if path.is_file()}
    tables = ["gains/gains.csv", "responses/responses.csv", "stems.csv"]
    for table in tables:
        folder = table.rpartition("/")[0]
        listed = {f"{folder}/{row['file']}".lstrip("/") for row in rows_of(files / table)}
        assert listed <= there
    kinds = {re.sub(r"\d+ .* ", "", Path(name).stem) for name in there if name.endswith(".wav")}
    assert {"mix", "residual", "limiter", "fader_automation", "captured_reverb"} <= kinds


def cells(folder: Path) -> Iterator[str]:
    for table in folder.rglob("*.csv"):
        with table.open(encoding="utf-8", newline="") as file:
            yield from (cell for row in csv.reader(file) for cell in row)


def test_no_cell_is_a_formula(files: Path):
    numbers = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")
    for text in cells(files):
        assert text[:1] not in ("=", "+", "-", "@") or numbers.fullmatch(text), text


@pytest.mark.parametrize("name", ["=1", "+1x", "-1x", "@a", "\t=1", " =1", "\r=1", "\uff1d1"])
def test_a_name_that_begins_a_formula_becomes_text(name: str):
    assert cell(name).startswith("'")


def test_names_do_no_harm_in_markdown():
    hostile = "a|b\n# c <script> [x](y) `z` *"
    assert markdown_cell(hostile) == r"a\|b # c \<script\> \[x\](y) \`z\` \*"


def parsed(text: str) -> Iterator[tuple[str, float, float, float]]:
    """Yield type, frequency, gain and Q of each filter, as a room-EQ program reads them."""
    line = r"Filter +\d+: ON (PK|LSC|HSC|LPQ|HPQ) Fc ([\d.]+) Hz(?: Gain (-?[\d.]+) dB)? Q ([\d.]+)"
    for words in text.splitlines():
        if words.startswith("Filter"):
            found = re.fullmatch(line, words)
            assert found, words
            kind, hz, gain_db, q = found.groups()
            yield kind, float(hz), float(gain_db or 0.0), float(q)


def cookbook(kind: str, hz: float, gain_db: float, q: float, rate_hz: float) -> np.ndarray:
    """Return the section of the "Audio EQ Cookbook", which such programs use."""
    w, boost = 2.0 * np.pi * hz / rate_hz, 10.0 ** (gain_db / 40.0)
    alpha, c, root = np.sin(w) / (2.0 * q), np.cos(w), np.sqrt(boost)
    up, down = boost + 1.0, boost - 1.0
    if kind == "PK":
        b = [1.0 + alpha * boost, -2.0 * c, 1.0 - alpha * boost]
        a = [1.0 + alpha / boost, -2.0 * c, 1.0 - alpha / boost]
    elif kind in ("LPQ", "HPQ"):
        s = 1.0 if kind == "HPQ" else -1.0
        b = [(1.0 + s * c) / 2.0, -s * (1.0 + s * c), (1.0 + s * c) / 2.0]
        a = [1.0 + alpha, -2.0 * c, 1.0 - alpha]
    else:
        s = 1.0 if kind == "LSC" else -1.0
        edge = 2.0 * root * alpha
        b = [up - s * down * c + edge, 2.0 * s * (down - s * up * c), up - s * down * c - edge]
        b = [boost * value for value in b]
        a = [up + s * down * c + edge, -2.0 * s * (down + s * up * c), up + s * down * c - edge]
    return np.array([*b, *a]) / a[0]


def equalizer(**values: Any) -> NodeSettings:
    return settings_of("parametric_equalizer", **values)


def test_eq_text_gives_the_curve_that_was_found():
    settings = equalizer(
        high_pass_db_per_octave=24.0,
        high_pass_hz=60.0,
        low_pass_db_per_octave=12.0,
        low_pass_hz=9000.0,
        low_shelf_db=5.0,
        high_shelf_db=-6.0,
        bell_hz=[300.0, 2000.0],
        bell_db=[-7.0, 4.0],
        bell_q=[0.7, 3.0],
    )
    text, unsaid = room_eq("a", settings)
    assert not unsaid
    rate_hz = 192_000.0  # far from where the cookbook's filters are cramped
    sections = np.array([cookbook(*each, rate_hz) for each in parsed(text)])
    hz = np.geomspace(30.0, 15_000.0, 200)
    _, theirs = scipy.signal.sosfreqz(sections, hz, fs=rate_hz)
    values = {name: value[None].double() for name, value in settings.values.items()}
    entry = processor("parametric_equalizer")
    assert isinstance(entry, FilterProcessor)
    taps = entry.impulse_response(values, rate_hz).taps[0, 0].numpy()
    ours = np.exp(-2j * np.pi * hz[:, None] / rate_hz * np.arange(len(taps))) @ taps
    # Frequencies are written to .01 Hz and gains to .01 dB; our sections follow the analogue curve
    # to .25 dB at most, and what rings beyond 250 ms is cut.
    assert np.abs(20.0 * np.log10(np.abs(theirs / ours))).max() < 0.3


def test_eq_text_says_what_it_cannot_say():
    settings = replace(equalizer(high_pass_db_per_octave=6.0, low_pass_db_per_octave=6.0), wet=0.5)
    text, unsaid = room_eq("x\nPreamp: -90 dB", settings)
    assert len(unsaid) == 3
    assert not list(parsed(text))
    assert [line for line in text.splitlines() if not line.startswith("#")] == ["Preamp: 0.0 dB"]


def test_a_response_file_is_the_response_and_its_tables_agree(files: Path):
    project, stem = planted_desk(), "002 ___ import os _ parametric_equalizer"
    rate, taps = scipy.io.wavfile.read(files / "responses" / f"{stem}.wav")
    wanted = project.response(2).taps
    assert rate == RATE_HZ
    assert np.array_equal(taps[None] if taps.ndim == 1 else taps.T, wanted.astype(np.float32))
    table = rows_of(files / "responses" / f"{stem} taps.csv")
    told = [float(row["both channels, amplitude (ratio)"]) for row in table]
    # Seven digits are written.
    assert np.allclose(told, wanted[0], rtol=1e-6, atol=0.0)
    curve = rows_of(files / "responses" / f"{stem} curve.csv")
    hz, db = np.array([[float(value) for value in row.values()] for row in curve]).T
    gain = np.abs(
        np.exp(-2j * np.pi * hz[:, None] / RATE_HZ * np.arange(wanted.shape[1])) @ wanted[0]
    )
    smooth = hz > 100.0
    # Bands of a twelfth of an octave: nothing here is that steep above the high-pass.
    assert np.abs(db - 20.0 * np.log10(gain))[smooth].max() < 0.2


def test_gain_files_are_what_was_done(files: Path):
    project = planted_desk()
    tracks = [torch.from_numpy(track) for track in project.tracks]
    nodes = [3, 9, 13, 20, 21]
    _, left = render_taps(project.graph, project.settings, tracks, RATE_HZ, nodes)
    for i, entered, _ in entering(project, nodes, lambda *step: None):
        (path,) = (files / "gains").glob(f"{i:03d} *.wav")
        gain = scipy.io.wavfile.read(path)[1].T
        off = np.linalg.norm(entered.numpy() * gain - left[i].numpy())
        # Rounding of 32 bits.
        assert off < 1e-6 * np.linalg.norm(left[i].numpy()), project.graph.nodes[i].kind


def test_a_gain_table_is_in_db_at_moments(files: Path):
    (path,) = (files / "gains").glob("006 *fader_automation.csv")
    times, db = np.array([[float(v) for v in row.values()] for row in rows_of(path)]).T
    lines = np.interp(times + 0.005, [0.2, 0.9, 1.6], [-12.0, 1.0, -3.0])
    # The mean over 10 ms against the middle of them, at knots that bend by 24 dB/s.
    assert np.abs(db - lines).max() < 0.1


def test_names_are_cut_so_that_every_file_system_holds_them(tmp_path: Path):
    # Letters of four bytes each, in a script that few have.
    project = alone("parametric_equalizer", equalizer(), planted_tracks()[:1])
    strips = {n: replace(s, name="\U00010330" * 300) for n, s in project.graph.strips.items()}
    graph = type(project.graph)(strips, project.graph.nodes, project.graph.edges)
    TARGETS["files"].write(replace(project, graph=graph), tmp_path, lambda *step: None)
    assert max(len(path.name.encode()) for path in tmp_path.rglob("*")) < 256


def test_numbers_have_the_digits_that_are_known(tmp_path: Path):
    settings = settings_of("compressor", threshold_db=-32.2597, ratio=3.0, attack_ms=5.4321)
    project = alone("compressor", settings, planted_tracks()[:1])
    intervals = {
        Setting(2, "threshold_db"): Interval(-35.0, -29.0),
        Setting(2, "wet"): Interval(0.7, 1.0),
    }
    write_sheet(replace(project, sureness=Sureness(intervals)), tmp_path)
    values = {row["setting"]: row["value"] for row in rows_of(tmp_path / "settings.csv")}
    assert values["threshold"] == "-32"
    assert values["attack"] == "5.4321"
    assert values["dry/wet weight"] == "100"
    sheet = (tmp_path / "settings.md").read_text("utf-8")
    assert "| threshold | -32 dB (-35 to -29) |" in sheet
    assert "| attack | 5.4 ms |" in sheet and "nine times of ten" in sheet


def test_bands_have_the_digits_that_are_known(tmp_path: Path):
    bells = {"bell_hz": [200.0, 1234.0], "bell_db": [-4.321, 0.0], "bell_q": [1.0, 2.0]}
    off = {"high_pass_db_per_octave": 0.0, "low_pass_db_per_octave": 0.0}
    settings = settings_of("parametric_equalizer", **bells, **off)
    project = alone("parametric_equalizer", settings, planted_tracks()[:1])
    intervals = {
        Setting(2, "bell_hz", 0): Interval(150.0, 260.0),
        Setting(2, "bell_db", 0): Interval(-7.0, -1.0),
        Setting(2, "bell_q", 0): Interval(0.6, 1.9),
    }
    write_sheet(replace(project, sureness=Sureness(intervals)), tmp_path)
    values = {row["setting"]: row["value"] for row in rows_of(tmp_path / "settings.csv")}
    assert (values["bell 1 gain"], values["bell 2 frequency"]) == ("-4", "1234")
    sheet = (tmp_path / "settings.md").read_text("utf-8")
    assert "| bell | 200 Hz (150 to 260) -4 dB (-7 to -1) Q 1.0 (0.6 to 1.9) |" in sheet
