"""Echoes that were put into a mix are found where they are, and nowhere else."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from mixtrace.descent import least_squares_start, static_responses
from mixtrace.descent.echoes import find_echoes
from mixtrace.graph import CONSOLES, build_console
from mixtrace.processors.twenty_tap_delay import SLOT_S, TwentyTapDelay
from mixtrace.session import Alignment, Session, Track, read_session
from mixtrace.unseen import Range, Unseen

RATE_HZ = 30_000
TIME = 20 * RATE_HZ
SLOTS = 20

Heard = tuple[int, float, float]
"""An echo: the channel it is in, when it comes, in seconds, and its ratio to the direct sound."""

PING_PONG: list[Heard] = [(0, 0.0361, 0.5), (1, 0.0722, 0.25), (0, 0.6434, 0.3), (1, 1.9, 0.4)]
CENTRED: list[Heard] = [(0, 0.4242, 0.15), (1, 0.4242, 0.15)]


def a_track(name: str, audio: np.ndarray) -> Track:
    kept = audio[None].astype(np.float32)
    return Track(name, "all", kept, Alignment(0.0, 1, 1.0), not audio.any(), None, 0)


def session(heard: Mapping[str, Sequence[Heard]], cloud: float = 0.0) -> Session:
    """Three tracks of coloured noise that come and go, and a mix of shifted copies of them.

    `cloud` is the level of a dense decaying reverberation of the first track.
    """
    rng = np.random.default_rng(0)
    mix, tracks = np.zeros((2, TIME)), []
    for place, name in enumerate(("guitar", "voice", "keys")):
        audible = np.sin(2.0 * np.arange(TIME) / RATE_HZ + place) > 0.0
        audio = 0.1 * audible * np.convolve(rng.standard_normal(TIME), [1.0, 0.8, 0.4], "same")
        tracks.append(a_track(name, audio))
        mix += (0.5 + place) * audio
        for side, time_s, ratio in heard.get(name, ()):
            late = round(time_s * RATE_HZ)
            mix[side, late:] += (0.5 + place) * ratio * audio[:-late]
        if cloud and not place:
            decay = cloud * np.exp(-np.arange(RATE_HZ) / 6000.0)
            for side in mix:
                tail = decay * rng.standard_normal(RATE_HZ)
                size = TIME + RATE_HZ
                side += np.fft.irfft(np.fft.rfft(audio, size) * np.fft.rfft(tail, size))[:TIME]
    return Session("song", RATE_HZ, mix.astype(np.float32), tuple(tracks), ())


def found(song: Session, held_out: Sequence[Range] = ()) -> dict[str, list[Heard]]:
    responses = static_responses(song, held_out).coherent
    echoes = find_echoes(song, responses, SLOT_S, SLOTS, held_out)
    return {
        track.name: [
            (int(side), float(times[side, slot]), float(ratios[side, slot]))
            for side, slot in np.argwhere(ratios > 0.0)
        ]
        for track, times, ratios in zip(song.tracks, echoes.time_s, echoes.ratio, strict=True)
    }


def test_echoes_are_found_with_their_times_and_levels() -> None:
    heard = found(session({"guitar": PING_PONG, "keys": CENTRED}))
    assert heard["voice"] == []
    for name, planted in (("guitar", sorted(PING_PONG)), ("keys", CENTRED)):
        assert [side for side, _, _ in heard[name]] == [side for side, _, _ in planted]
        assert [t for _, t, _ in heard[name]] == pytest.approx([t for _, t, _ in planted], abs=5e-5)
        # The other tracks are noise to each of them; what is later shares less of a block.
        assert [r for _, _, r in heard[name]] == pytest.approx([r for _, _, r in planted], rel=0.2)


@pytest.mark.parametrize("spelling", ["end:40", "blocks:40"])
def test_echoes_are_found_in_what_is_not_held_out(spelling: str) -> None:
    """The mix is wrong elsewhere; between blocks, stretches are shorter than what is usual."""
    song = session({"guitar": PING_PONG, "keys": CENTRED})
    held_out = Unseen.parse(spelling).ranges(TIME, RATE_HZ)
    for start, stop in held_out:
        song.mix[:, start:stop] = 0.1 * np.random.default_rng(1).standard_normal((2, stop - start))
    heard = found(song, held_out)
    assert heard["voice"] == []
    for name, planted in (("guitar", sorted(PING_PONG)), ("keys", CENTRED)):
        assert [t for _, t, _ in heard[name]] == pytest.approx([t for _, t, _ in planted], abs=5e-5)
        # Less is left to average over than in the whole song.
        assert [r for _, _, r in heard[name]] == pytest.approx([r for _, _, r in planted], rel=0.3)


def test_an_echo_that_those_of_another_track_hide_is_found() -> None:
    """The loud ones are 42 dB above it: while they are in the rest it lies in their noise."""
    loud = [(0, 0.1871, 2.0), (1, 0.3742, 2.0), (0, 0.6434, 2.0), (1, 0.9434, 2.0)]
    assert found(session({"keys": loud, "guitar": [(0, 0.3337, 0.08)]}))["guitar"] == [
        (0, pytest.approx(0.3337, abs=5e-5), pytest.approx(0.08, rel=0.2))
    ]


def test_a_reverberation_is_no_echo() -> None:
    assert found(session({}, cloud=0.05)) == {"guitar": [], "voice": [], "keys": []}


def test_a_silent_track_has_no_echo() -> None:
    song = session({"keys": CENTRED})
    silent = a_track("rest", np.zeros(TIME))
    heard = found(Session("song", RATE_HZ, song.mix, (*song.tracks, silent), ()))
    assert heard["rest"] == []
    assert len(heard["keys"]) == 2


def test_the_delay_of_a_track_starts_with_its_echoes() -> None:
    song = session({"guitar": PING_PONG})
    graph = build_console([(t.name, t.group) for t in song.tracks], CONSOLES["paper"])
    start = least_squares_start(graph, song)
    names = [graph.name(i) for i in graph.of_kind("twenty_tap_delay")]
    row = names.index("guitar")
    values = start.stack("twenty_tap_delay").values
    response = TwentyTapDelay().impulse_response(values, float(RATE_HZ))
    wet = start.stack("twenty_tap_delay").wet[row]
    ratios = response.taps[row] * wet / (1.0 - wet)
    for side, time_s, ratio in PING_PONG:
        late = round(time_s * RATE_HZ)
        assert float(ratios[side, late - 1 : late + 2].sum()) == pytest.approx(ratio, rel=0.2)
    assert [
        float(start.stack("twenty_tap_delay").wet[names.index(n)]) for n in ("voice", "keys")
    ] == [pytest.approx(0.03)] * 2


@pytest.mark.parametrize("name", ["Beatles_known", "DaisyDaisy_known"])
def test_the_delays_of_a_known_mix_are_found(shared_data: Path, name: str) -> None:
    """Their delays were made by another program, with feedback, behind EQs and compressors."""
    truth = json.loads((shared_data / name / "truth.json").read_text("utf-8"))
    planted = {
        track: effect["delay_seconds"]
        for track, described in truth.items()
        for effect in (described.get("chain", ()) if isinstance(described, dict) else ())
        if effect["type"] == "Delay"
    }
    heard = found(read_session(shared_data / name, sample_rate_hz=RATE_HZ))
    assert {track for track, echoes in heard.items() if echoes} == set(planted)
    for track, first_s in planted.items():
        for side in range(2):
            times_s = [time_s for where, time_s, _ in heard[track] if where == side]
            assert times_s[0] == pytest.approx(first_s, abs=5e-4)
