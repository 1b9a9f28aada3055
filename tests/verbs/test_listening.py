"""`listening_test` of results and files, and `listening_results` of what came back."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from test_export import fit_file
from test_render import planted

import mixtrace
from mixtrace.errors import MixtraceError
from mixtrace.session import find_song
from mixtrace.store import GRAPH, PARAMS, write_graph
from mixtrace.verbs.sources import source_of


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Return an original and two versions of it, 3 s at 32 kHz, the last in mono."""
    rng, made = np.random.default_rng(0), []
    for name, channels in (("mix", 2), ("one", 2), ("two", 1)):
        made.append(tmp_path / f"{name}.wav")
        soundfile.write(made[-1], 0.1 * rng.standard_normal((96_000, channels)), 32_000)
    return made


def test_results_know_their_songs(tiny_song: Path, tmp_path: Path):
    out = tmp_path / "OUT"
    out.mkdir()
    write_graph(planted(), out / GRAPH, out / PARAMS)
    fit_file(out, source_of(tiny_song, None, find_song(tiny_song), out))
    (out / "mix.wav").write_bytes((tiny_song / "tracks" / "03_Voice.wav").read_bytes())
    test = mixtrace.listening_test([out, f"again={out}"], tmp_path / "TEST", length_s=3.0)
    (item,) = test.items
    assert (item.song, item.sample_rate_hz) == ("tiny song", 22_050)
    names = [stimulus.system for stimulus in item.stimuli]
    assert names == ["reference", "low anchor", "mid anchor", "OUT", "again"]
    original, _ = soundfile.read(tiny_song / "mix.wav", dtype="float32")
    first = round(item.start_s * 22_050)
    gain = 10.0 ** (item.stimuli[0].gain_db / 20.0)
    heard = item.stimuli[0].audio[:, 1_000:2_000]
    np.testing.assert_allclose(heard, gain * original[first + 1_000 : first + 2_000].T, rtol=1e-6)
    (tiny_song / "tracks" / "03_Voice.wav").unlink()
    with pytest.raises(MixtraceError, match="Name its mix with --reference"):
        mixtrace.listening_test([out], tmp_path / "TEST")
    (out / "mix.wav").unlink()
    with pytest.raises(MixtraceError, match="without --no-audio"):
        mixtrace.listening_test([out], tmp_path / "TEST")


def test_the_page_depends_on_the_seed_alone(files: list[Path], tmp_path: Path):
    pages = []
    for number, seed in enumerate((0, 0, 1)):
        test = mixtrace.listening_test(
            files[1:], tmp_path / str(number), reference=files[0], length_s=2.0, seed=seed
        )
        pages.append(test.page.read_text("utf-8"))
    assert pages[0] == pages[1] != pages[2]
    identities = [re.search(r'"test": "(\w+)"', page) for page in pages]
    assert identities[0] and identities[2] and identities[0][1] != identities[2][1]


def test_mistakes_are_told_before_anything_is_written(files: list[Path], tmp_path: Path):
    place = tmp_path / "DIR"
    mix, one, two = files
    mistakes: list[tuple[list[Path | str], dict[str, Any], str]] = [
        ([one], {}, "--reference"),
        ([one, f"one={two}"], {"reference": mix}, "name of its own"),
        ([f"reference={one}"], {"reference": mix}, "name of its own"),
        ([f"{n}={one}" for n in range(10)], {"reference": mix}, "9 versions"),
        ([tmp_path], {}, "graph.json"),
        ([one], {"reference": mix, "length_s": 20.0}, "2 to 12 s"),
        ([tmp_path / "absent.wav"], {"reference": mix}, "absent.wav"),
    ]
    for versions, choices, message in mistakes:
        with pytest.raises(MixtraceError, match=message):
            mixtrace.listening_test(versions, place, **choices)
        assert not place.exists()
    place.mkdir()
    (place / "mine.txt").write_text("mine")
    with pytest.raises(MixtraceError, match="other things"):
        mixtrace.listening_test([one], place, reference=mix)
    (place / "mine.txt").unlink()
    for _ in range(2):  # an earlier test may be replaced
        mixtrace.listening_test([one], place, reference=mix, length_s=2.0)
    assert [path.name for path in place.iterdir()] == ["listening-test.html"]


HEAD = "test,listener,time,song,system,role,rating,position\n"


def test_results_are_told_and_drawn(tmp_path: Path):
    for listener, reference in (("a", 100), ("b", 95), ("c", 20)):
        rows = ("reference,reference", reference, 1), ("ours,system", 60, 2)
        lines = [f"t,{listener},now,song,{what},{rating},{n}\n" for what, rating, n in rows]
        (tmp_path / f"{listener}.csv").write_text(HEAD + "".join(lines))
    files = sorted(tmp_path.glob("*.csv"))
    plot = tmp_path / "plot.svg"
    for _ in range(2):  # its own picture may be drawn anew
        results = mixtrace.listening_results(files, plot)
    assert [one.listener for one in results.screened] == ["c"]
    assert results.overall[0].mean == 97.5
    assert "reference 98, ours 60" in plot.read_text()
    with pytest.raises(MixtraceError, match="--no-screening"):
        mixtrace.listening_results([tmp_path / "c.csv"])
    assert mixtrace.listening_results([tmp_path / "c.csv"], screen=False).screened == ()
    mine = tmp_path / "mine.svg"
    mine.write_text("<svg/>")
    with pytest.raises(MixtraceError, match="did not write"):
        mixtrace.listening_results(files, mine)
    assert mine.read_text() == "<svg/>"
    for name in ("plot.png", "plot", "a.csv"):
        with pytest.raises(MixtraceError, match=rf"ends in \.svg.*; got {name}\. Name it"):
            mixtrace.listening_results(files, tmp_path / name)
    assert not (tmp_path / "plot.png").exists()
