"""A whole song: what was captured of it as strips, sends and buses."""

import math
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import scipy.signal
from jaxtyping import Float

from mixtrace.captured import Capture, CapturedTrack
from mixtrace.graph import Graph
from mixtrace.interpret.assemble import Desk, TrackStrip
from mixtrace.interpret.chains import Returns, chain_of
from mixtrace.interpret.echoes import DelayReading
from mixtrace.interpret.heads import Head, read_head
from mixtrace.interpret.mixed import Gain, Members, Mixed
from mixtrace.interpret.movement import Moving, read_movement
from mixtrace.interpret.nodes import node_of
from mixtrace.interpret.rides import ridden
from mixtrace.interpret.spectral import Spectral, read_spectral
from mixtrace.interpret.strips import Fixed, StripReading
from mixtrace.parallel import side_by_side
from mixtrace.processors import DynamicsProcessor, NodeSettings, Settings, processor
from mixtrace.session import Session
from mixtrace.unseen import Range

__all__ = ["Interpreted", "interpret", "interpret_spectra"]

_FRAME = 8192
_POORLY_READ = 0.05
"""Of the whitened energy, what a reading may leave before what bands and tails cannot say is
offered as well: mixes of coherent tracks leave .1 to 1 %, mastered or wet ones 10 to 25 %."""

_TURNS = 2
_RIDE_EVERY_S = 1.5
_FREE_WET, _WIDTH_WET = 0.98, 0.7


@dataclass(frozen=True, eq=False)
class Interpreted:
    """A song as a person could have mixed it.

    Attributes:
        graph, settings: strips and their dials.
        unread: names of tracks that capture could not read, told by their spectra alone.
    """

    graph: Graph
    settings: Settings
    unread: tuple[str, ...]


def interpret(
    session: Session,
    captured: Callable[[Session], Capture],
    spectral: Mapping[str, Spectral],
    held_out: Sequence[Range] = (),
) -> list[Interpreted]:
    """Return the strips that a captured song asks for, in every way that they can be told.

    It is captured, what moves or bends tracks is read, and what they become so is captured once
    more, twice at most: what else there is stands out then, and responses come without its error.

    Args:
        session: the song, at the rate of the capture.
        captured: returns the capture of a song.
        spectral: of each track by its name, for those that could not be captured.
        held_out: ranges [start, stop) of samples of the mix on which nothing may depend.

    Returns:
        The song with what several tracks seem to share on returns, if there is any; with all on the
        tracks; and as their spectra alone tell it, if much of it could not be captured.
    """
    capture = captured(session)
    if not capture.tracks:
        return [interpret_spectra(session, spectral, held_out)]
    song = _Song(session, capture, spectral, held_out)
    moving, told = song.movement(), set()
    heads: dict[str, Head] = {}
    for _ in range(_TURNS):
        bent = song.heads(moving, heads)
        if not bent and not moving.keys() - told:
            break
        heads, told = heads | bent, moving.keys()
        session = _through(session, bent)
        capture = captured(song.moved(session))
        if not capture.tracks:
            return [interpret_spectra(session, spectral, held_out)]
        song = _Song(session, capture, spectral, held_out, song.gains)
        moving = song.movement()
    known = {track.name for track in capture.tracks}
    unread = tuple(track.name for track in session.tracks if track.name not in known)
    poor = capture.error_seen > _POORLY_READ
    desks = song.desks(moving, heads)
    found = [_built(session, desk, unread, held_out, poor=poor) for desk in desks]
    return [*found, interpret_spectra(session, spectral, held_out)] if poor else found


def _through(session: Session, heads: Mapping[str, Head]) -> Session:
    """Return a song with some tracks behind what bends them."""
    tracks = tuple(heads[t.name].through(t) if t.name in heads else t for t in session.tracks)
    return replace(session, tracks=tracks)


def interpret_spectra(
    session: Session, spectral: Mapping[str, Spectral], held_out: Sequence[Range] = ()
) -> Interpreted:
    """Return the strips that spectra alone ask for, as if no track could be captured.

    Args:
        session: the song.
        spectral: of each track by its name.
        held_out: ranges [start, stop) of samples of the mix on which nothing may depend.
    """
    names = [track.name for track in session.tracks]
    rate = session.sample_rate_hz
    chains = side_by_side(lambda name: read_spectral(spectral[name], rate), names)
    strips = [
        TrackStrip(track.name, track.group, chain)
        for track, chain in zip(session.tracks, chains, strict=True)
    ]
    return _built(session, Desk(strips), tuple(names), held_out, poor=True)


def _built(
    session: Session,
    desk: Desk,
    unread: tuple[str, ...],
    held_out: Sequence[Range],
    *,
    poor: bool,
) -> Interpreted:
    """Return a desk as a graph; of a poor reading with more to say."""
    if poor:
        desk = _offered(desk, _knots_s(session, held_out))
    return Interpreted(*desk.built(), unread)


def _knots_s(session: Session, held_out: Sequence[Range]) -> Float[np.ndarray, " knot"]:
    """Return moments for a ride to turn at: none where nothing would ever move it."""
    rate, time = session.sample_rate_hz, session.mix.shape[-1]
    count = max(2, round(time / rate / _RIDE_EVERY_S))
    moments_s = np.linspace(0.0, time / rate, count)
    hidden = [(start <= rate * moments_s) & (rate * moments_s < stop) for start, stop in held_out]
    seen = moments_s[~np.any(hidden, 0)] if hidden else moments_s
    return seen if len(seen) else moments_s[:1]


def _offered(desk: Desk, knots_s: Float[np.ndarray, " knot"]) -> Desk:
    """Return a desk that can say more: free EQ curves and widths, and a master chain.

    All of it begins at rest, for a descent to move and a trial to take away.
    """

    def wider(strip: TrackStrip) -> TrackStrip:
        more = node_of("equalizer", _FREE_WET), node_of("stereo_imager", _WIDTH_WET)
        return replace(strip, chain=[more[0], *strip.chain, more[1]])

    more = [
        node_of("compressor", ratio=1.05),
        node_of("fader_automation", knot_s=knots_s.tolist(), knot_db=[0.0] * len(knots_s)),
    ]
    known = {node.kind for node in desk.master}
    master = [
        node_of("equalizer", _FREE_WET),
        *desk.master,
        *(node for node in more if node.kind not in known),
    ]
    return replace(desk, tracks=[wider(strip) for strip in desk.tracks], master=master)


class _Song:
    """The session and its capture, with what all strips are read by."""

    def __init__(
        self,
        session: Session,
        capture: Capture,
        spectral: Mapping[str, Spectral],
        held_out: Sequence[Range],
        known: Mapping[Members, Gain] | None = None,
    ) -> None:
        self._session, self._capture, self._spectral = session, capture, spectral
        self._rate = capture.sample_rate_hz
        self._tracks = {track.name: track for track in session.tracks}
        self._mixed = Mixed(session, capture, held_out, known)
        heard = self._mixed.heard
        self._heard_samples = int(heard.sum())
        self._rest_power = _power(self._mixed.rest[:, heard].numpy(), self._rate)

        self._strips: Mapping[str, Fixed] = self._read()

    @property
    def gains(self) -> Mapping[Members, Gain]:
        """The gains that move."""
        return self._mixed.gains

    def movement(self) -> Mapping[Members, Moving]:
        """Return what moves the gains."""
        return read_movement(self._mixed, self._strips)

    def heads(self, moving: Mapping[Members, Moving], known: Container[str]) -> dict[str, Head]:
        """Return what else bends tracks, with all in front of it: there their dynamics go."""
        found = {}
        for name, fixed in self._strips.items():
            if name in known:
                continue
            own = moving.get((name,), Moving())
            head = read_head(self._mixed, name, fixed, own)
            if head is not None:
                found[name] = head
                self._mixed.gains.pop((name,), None)
                if own.ride is not None:
                    self._mixed.gains[name,] = ridden(own.ride, self._mixed.frames)
        return found

    def moved(self, session: Session) -> Session:
        """Return a song with its tracks under their gains."""
        tracks = tuple(self._mixed.moved(track) for track in session.tracks)
        return replace(session, tracks=tracks)

    def desks(self, moving: Mapping[Members, Moving], heads: Mapping[str, Head]) -> list[Desk]:
        """Return all strips, with what they share on returns if they share any, and without."""
        shared = Returns.of(self._strips, self._rate)
        ways = [shared, Returns({}, {})] if shared.chains else [shared]
        return [self._desk(moving, heads, returns) for returns in ways]

    def _desk(
        self, moving: Mapping[Members, Moving], heads: Mapping[str, Head], returns: Returns
    ) -> Desk:
        strips = []
        for name, track in self._tracks.items():
            if name in self._strips:
                own = returns.without(name, self._strips[name])
                chain = chain_of(own, moving.get((name,), Moving()))
                chain = [*(heads[name].chain if name in heads else ()), *chain]
            else:
                chain = read_spectral(self._spectral[name], self._rate)
            strips.append(TrackStrip(name, track.group, chain, returns.sends(name)))
        return _with_buses(Desk(strips, returns=returns.chains), moving)

    def _read(self) -> dict[str, Fixed]:
        """Return what does not move on each strip; a delay that one has is looked for on all."""
        tracks = self._capture.tracks
        names = [track.name for track in tracks]
        strips = dict(zip(names, side_by_side(self._strip, tracks), strict=True))
        delays = {name: DelayReading(self._mixed, name) for name in names}

        def read(name: str, known_s: Sequence[float] = ()) -> Fixed:
            return delays[name].told(strips[name].fixed(known_s), known_s)

        found = dict(zip(names, side_by_side(read, names), strict=True))
        known_s = tuple(fixed.echoes.time_s for fixed in found.values() if fixed.echoes is not None)
        if known_s:
            dry = [name for name in names if found[name].echoes is None]
            again = side_by_side(partial(read, known_s=known_s), dry)
            found |= dict(zip(dry, again, strict=True))
        return found

    def _strip(self, captured: CapturedTrack) -> StripReading:
        """Return what the responses of a track tell of its strip."""
        own = _power(self._tracks[captured.name].audio, self._rate)
        unsure = self._rest_power / (own + 1e-9 * own.max() + 1e-20) / self._heard_samples
        return StripReading(captured, unsure, self._capture.lead, self._rate)


def _with_buses(desk: Desk, moving: Mapping[Members, Moving]) -> Desk:
    """Return a desk with what moves its buses and all.

    Their levels go to the faders of the tracks, and the thresholds behind these with them.
    """
    every = {track.name for track in desk.tracks}
    for members, one in sorted(moving.items(), key=lambda item: len(item[0])):
        if len(members) == 1:
            continue
        chain = [dialled.settings for dialled in one.dynamics]
        chain += [] if one.ride is None else [one.ride]
        group = next(track.group for track in desk.tracks if track.name == members[0])
        alike = {track.name for track in desk.tracks if track.group == group}
        if chain and alike == set(members) and alike != every:
            desk = replace(desk, buses={**desk.buses, group: chain})
        elif chain:
            desk = replace(desk, master=chain)
        by_db = 20.0 * math.log10(max(one.level, 1e-4))
        desk = _louder(desk, set(members), by_db, 0.0 if set(members) == every else -by_db)
    return desk


def _louder(desk: Desk, members: set[str], by_db: float, sends_by_db: float) -> Desk:
    """Return a desk whose tracks are so much louder, and what hears them alike.

    Returns bypass the buses: what is made up for there, sends have not lost.
    """

    def louder(track: TrackStrip) -> TrackStrip:
        chain = [_raised(node, "fader", "level_db", by_db) for node in track.chain]
        sends = {
            name: _raised(send, "send", "level_db", sends_by_db)
            for name, send in track.sends.items()
        }
        return replace(track, chain=chain, sends=sends)

    tracks = [louder(track) if track.name in members else track for track in desk.tracks]
    groups = {track.group for track in desk.tracks if track.name in members}
    buses = {
        group: _followed(chain, by_db) if group in groups else chain
        for group, chain in desk.buses.items()
    }
    master = _followed(desk.master, by_db)
    return replace(desk, tracks=tracks, buses=buses, master=master)


def _followed(chain: Sequence[NodeSettings], by_db: float) -> list[NodeSettings]:
    """Return processors that hear what is so much louder, and do the same to it."""
    for name in {name for node in chain for name in _levels(node.kind)}:
        chain = [_raised(node, node.kind, name, by_db) for node in chain]
    return list(chain)


def _levels(kind: str) -> tuple[str, ...]:
    """Return the settings of a kind that are levels of what it hears."""
    entry = processor(kind)
    return entry.levels if isinstance(entry, DynamicsProcessor) else ()


def _raised(node: NodeSettings, kind: str, name: str, by_db: float) -> NodeSettings:
    """Return settings of which one is so much higher, if they are of a kind and have it."""
    if node.kind != kind or name not in node.values:
        return node
    spec = processor(kind).param(name)
    value = spec.clip((node.values[name] + by_db)[None])[0]
    return replace(node, values={**node.values, name: value})


def _power(audio: Float[np.ndarray, "channel time"], rate: float) -> Float[np.ndarray, " bin"]:
    """Return the mean power spectral density of channels, from 0 to half the rate."""
    return scipy.signal.welch(audio, rate, nperseg=min(_FRAME, audio.shape[-1]))[1].mean(0)
