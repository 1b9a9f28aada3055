"""Songs mixed by random sparse graphs of our own processors, every one of which can be heard.

Dry tracks are those of the demo song or of real songs beside the project, brought to 30 kHz, cut to
24 s and set to one level, so that no track is lost in the mix.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from mixtrace.descent import SongWindows
from mixtrace.examples import Mixed, chains, demo_session, plant, plant_demo
from mixtrace.examples.effects import (
    Effect,
    PlantedEcho,
    bell,
    delay,
    equalizer,
    gain_panning,
    noise_reverb,
    one_pole_compressor,
    one_pole_gate,
    stereo_imager,
)
from mixtrace.prune import Trials, look_at
from mixtrace.rendering import render_song
from mixtrace.session import Session, read_session

__all__ = ["SONGS", "PlantedSong", "plant_song"]

RATE_HZ = 30_000
LONGEST_S = 24.0
LEVEL_DB = -20.0
BUS_SHARE = 0.5
AUDIBLE_TOLERANCES = 3.0
MOST_ATTEMPTS = 20

LINEAR = ("equalizer", "stereo_imager", "gain_panning", "twenty_tap_delay", "noise_reverb")
KINDS = (*LINEAR, "one_pole_compressor", "one_pole_gate")

SONGS = ("demo-mix", "demo", "Beatles_known", "MusicDelta_Reggae", "MusicDelta_Zeppelin")
"""`demo-mix` is the demo song as it is mixed, the others are mixed at random."""

Effects = dict[str, list[Effect]]


@dataclass(frozen=True)
class PlantedSong:
    """A session and the graph that made its mix."""

    session: Session
    mixed: Mixed


def plant_song(name: str, seed: int, tolerance: float, data: Path) -> PlantedSong:
    """Return a song with a planted graph.

    Args:
        name: one of `SONGS`.
        seed: of the graph.
        tolerance: of the search; without any one of the planted processors, L_a of the mix rises by
            more than three times as much (`demo-mix` is as it is).
        data: the folder of the real songs.

    Raises:
        RuntimeError: when no such graph was found in 20 attempts.
    """
    if name == "demo-mix":
        return PlantedSong(demo_session(RATE_HZ), plant_demo())
    dry = _dry_session(name, data)
    rng = np.random.default_rng((seed, SONGS.index(name)))
    track_effects, bus_effects = _draw(dry, rng)
    for _ in range(MOST_ATTEMPTS):
        mixed = plant([(t.name, t.group) for t in dry.tracks], track_effects, bus_effects)
        song = PlantedSong(_with_mix(dry, mixed), mixed)
        weak = _inaudible(song, AUDIBLE_TOLERANCES * tolerance)
        if not weak:
            return song
        _redraw(weak, track_effects, bus_effects, dry, rng)
    raise RuntimeError(f"no audible graph for {name}, seed {seed}, in {MOST_ATTEMPTS} attempts")


def _dry_session(name: str, data: Path) -> Session:
    """Return the dry tracks at one level in two groups or the demo's, with a silent mix."""
    if name == "demo":
        session = demo_session(RATE_HZ)
        groups = [track.group for track in session.tracks]
    else:
        session = read_session(data / name, sample_rate_hz=RATE_HZ, align=False)
        half = len(session.tracks) / 2
        groups = ["first half" if i < half else "second half" for i in range(len(session.tracks))]
    length = min(session.mix.shape[1], round(LONGEST_S * RATE_HZ))
    tracks = tuple(
        replace(track, group=group, kept=_levelled(track.audio[:, :length]))
        for track, group in zip(session.tracks, groups, strict=True)
    )
    return replace(session, tracks=tracks, mix=session.mix[:, :length])


def _levelled(audio: np.ndarray) -> np.ndarray:
    """Return a track whose frames of 50 ms within 20 dB of the loudest have a set mean level."""
    frames = audio[:, : audio.shape[1] // 1500 * 1500].reshape(len(audio), -1, 1500)
    power = np.square(frames, dtype=np.float64).mean((0, 2))
    active = power[power > 0.01 * power.max()].mean()
    return (audio * np.sqrt(10.0 ** (LEVEL_DB / 10.0) / active)).astype(np.float32)


def _draw(dry: Session, rng: np.random.Generator) -> tuple[Effects, Effects]:
    """Return one to three effects a track, and for half of the buses one.

    A bus gets no linear kind that one of its tracks has: there the two could be merged.
    """
    track_effects: Effects = {}
    for track in dry.tracks:
        chosen = rng.choice(_choices(track.audio), size=rng.integers(1, 4), replace=False)
        track_effects[track.name] = [_effect(str(kind), rng) for kind in chosen]
    bus_effects: Effects = {}
    for group in dict.fromkeys(track.group for track in dry.tracks):
        if rng.random() < BUS_SHARE:
            members = [t.name for t in dry.tracks if t.group == group]
            there = {effect.kind for name in members for effect in track_effects[name]}
            free = [kind for kind in KINDS if kind not in there or kind not in LINEAR]
            bus_effects[group] = [_effect(str(rng.choice(free)), rng)]
    return track_effects, bus_effects


def _choices(audio: np.ndarray) -> list[str]:
    """Return the kinds that can act on a track: a mono track has no side."""
    return [kind for kind in KINDS if kind != "stereo_imager" or len(audio) == 2]


def _redraw(
    weak: Sequence[tuple[str, str, str]],
    track_effects: Effects,
    bus_effects: Effects,
    dry: Session,
    rng: np.random.Generator,
) -> None:
    """Replace inaudible effects of tracks by new ones of any free kind, drop those of buses."""
    audio = {track.name: track.audio for track in dry.tracks}
    group = {track.name: track.group for track in dry.tracks}
    for place, name, kind in weak:
        if place == "mix":
            del bus_effects[name]
            continue
        kept = [effect for effect in track_effects[name] if effect.kind != kind]
        on_bus = [e.kind for e in bus_effects.get(group[name], []) if e.kind in LINEAR]
        taken = {*(effect.kind for effect in kept), *on_bus}
        free = [k for k in _choices(audio[name]) if k not in taken]
        track_effects[name] = [*kept, _effect(str(rng.choice(free)), rng)]


def _effect(kind: str, rng: np.random.Generator) -> Effect:
    """Return an effect with random settings, for tracks whose level is -20 dB."""
    uniform = rng.uniform
    side = rng.choice([-1.0, 1.0])
    if kind == "equalizer":
        low = bell(_log_uniform(120.0, 600.0, rng), side * uniform(4.0, 9.0), uniform(0.7, 1.5))
        high = bell(_log_uniform(1e3, 6e3, rng), -side * uniform(4.0, 9.0), uniform(0.7, 1.5))
        return equalizer(low, high)
    if kind == "one_pole_compressor":
        return one_pole_compressor(
            uniform(-32.0, -24.0), uniform(3.0, 6.0), time_ms=uniform(5.0, 40.0)
        )
    if kind == "one_pole_gate":
        return one_pole_gate(uniform(-30.0, -22.0), uniform(2.0, 4.0), time_ms=uniform(5.0, 20.0))
    if kind == "stereo_imager":
        return stereo_imager(side * uniform(4.0, 8.0))
    if kind == "gain_panning":
        return gain_panning(uniform(-6.0, 2.0), side * uniform(0.3, 0.8))
    if kind == "noise_reverb":
        return noise_reverb(uniform(0.4, 1.2), uniform(-9.0, -2.0))
    first_s = uniform(0.15, 0.5)
    echoes = [PlantedEcho(first_s, 0.0, side * 0.5), PlantedEcho(2.0 * first_s, -6.0, -side * 0.5)]
    return delay(echoes, uniform(-9.0, -3.0))


def _log_uniform(low: float, high: float, rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _with_mix(dry: Session, mixed: Mixed) -> Session:
    tracks = [torch.from_numpy(track.audio) for track in dry.tracks]
    mix = render_song(*mixed, tracks, RATE_HZ).numpy()
    return replace(dry, mix=mix)


def _inaudible(song: PlantedSong, least: float) -> list[tuple[str, str, str]]:
    """Return (place, name, kind) of each processor whose removal raises L_a by less than this."""
    graph, settings = song.mixed
    windows = SongWindows(song.session)
    # Every other window; the last one is mostly padding.
    numbers = range(0, windows.count - 1, 2)
    look = look_at(graph, settings, windows, numbers, losses_only=True)
    trials = Trials(graph, settings, windows, look)
    whole = trials.loss(())
    return [
        (*place, graph.nodes[i].kind)
        for place, chain in chains(graph).items()
        for i in chain.processors
        if trials.loss([i]) - whole < least
    ]
