"""A whole song: what was captured of it as strips, sends and buses."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.signal
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.captured import Capture, CapturedTrack, Whitening, apply_responses, whitening_of
from mixtrace.dsp import fast_length
from mixtrace.graph import Graph
from mixtrace.interpret.assemble import Desk, TrackStrip
from mixtrace.interpret.dynamics import Compression, read_compression
from mixtrace.interpret.framewise import Framewise
from mixtrace.interpret.nodes import mixed_in, node_of, response_of
from mixtrace.interpret.spectral import Spectral, read_spectral
from mixtrace.interpret.strips import Fixed, read_fixed
from mixtrace.parallel import side_by_side
from mixtrace.processors import NodeSettings, Settings
from mixtrace.processors.captured_reverb import captured_taps
from mixtrace.session import Session, Track
from mixtrace.unseen import Range

__all__ = ["Interpreted", "interpret", "interpret_spectra", "is_poor"]

_FRAME = 8192
_POORLY_READ = 0.05
"""Of the whitened energy, what a reading may leave before what bands and tails cannot say is
offered as well: mixes of coherent tracks leave .1 to 1 %, mastered or wet ones 10 to 25 %."""

_RIDE_EVERY_S = 1.5
_FREE_WET, _WIDTH_WET = 0.98, 0.7
_MOVES_DB = 1.5
"""What a captured gain has to move to be read as a compressor's: less is within its error."""


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
    capture: Capture,
    spectral: Mapping[str, Spectral],
    held_out: Sequence[Range] = (),
) -> Interpreted:
    """Return the strips that a captured song asks for.

    Args:
        session: the song, at the rate of the capture.
        capture: what was read of it.
        spectral: of each track by its name, for those that could not be captured.
        held_out: ranges [start, stop) of samples of the mix on which nothing may depend.
    """
    song = _Song(session, capture, spectral, held_out)
    known = {track.name: track for track in capture.tracks}
    names = [track.name for track in session.tracks]
    strips = list(side_by_side(lambda name: song.strip(name, known.get(name)), names))
    unread = tuple(name for name in names if name not in known)
    return _built(session, Desk(strips), unread, is_poor(capture))


def is_poor(capture: Capture) -> bool:
    """Say whether a reading leaves so much that bands and tails cannot be all there is."""
    return capture.error_seen > _POORLY_READ


def interpret_spectra(session: Session, spectral: Mapping[str, Spectral]) -> Interpreted:
    """Return the strips that spectra alone ask for, as if no track could be captured."""
    names = [track.name for track in session.tracks]
    rate = session.sample_rate_hz
    chains = side_by_side(lambda name: read_spectral(spectral[name], rate), names)
    strips = [
        TrackStrip(track.name, track.group, chain)
        for track, chain in zip(session.tracks, chains, strict=True)
    ]
    return _built(session, Desk(strips), tuple(names), poor=True)


def _built(session: Session, desk: Desk, unread: tuple[str, ...], poor: bool) -> Interpreted:
    """Return a desk as a graph; of a poor reading with more to say."""
    if poor:
        desk = _offered(desk, session.mix.shape[-1] / session.sample_rate_hz)
    return Interpreted(*desk.built(), unread)


def _offered(desk: Desk, duration_s: float) -> Desk:
    """Return a desk that can say more: free EQ curves and widths, and a master chain.

    All of it begins at rest, for a descent to move and a trial to take away.
    """

    def wider(strip: TrackStrip) -> TrackStrip:
        more = node_of("equalizer", _FREE_WET), node_of("stereo_imager", _WIDTH_WET)
        return replace(strip, chain=[more[0], *strip.chain, more[1]])

    knots = np.linspace(0.0, duration_s, max(2, round(duration_s / _RIDE_EVERY_S)))
    master = [
        node_of("equalizer", _FREE_WET),
        node_of("compressor", ratio=1.05),
        node_of("fader_automation", knot_s=knots.tolist(), knot_db=[0.0] * len(knots)),
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
    ) -> None:
        self._spectral = spectral
        self._tracks = {track.name: track for track in session.tracks}
        self._capture = capture
        self._rate = capture.sample_rate_hz
        mix = torch.from_numpy(session.mix)
        self._heard = torch.ones(mix.shape[-1], dtype=torch.bool)
        for start, stop in held_out:
            self._heard[start:stop] = False
        self._whitening: Whitening = whitening_of(mix[:, self._heard], self._rate)
        rest = torch.where(self._heard, mix - capture.estimate, 0.0)
        self._rest = self._whitening.apply(rest)
        self._rest_power = _power(rest[:, self._heard].numpy(), self._rate)

    def strip(self, name: str, captured: CapturedTrack | None) -> TrackStrip:
        """Return the strip of a track."""
        track = self._tracks[name]
        if captured is None:
            chain = read_spectral(self._spectral[name], self._rate)
            return TrackStrip(name, track.group, chain)
        fixed = read_fixed(captured, self._unsure(track), self._capture.lead, self._rate)
        compression = None
        if captured.curve is not None and _moves(captured.gain_db):
            compression = self._compression(track, captured, fixed)
        return TrackStrip(name, track.group, _chain(fixed, compression))

    def _unsure(self, track: Track) -> Float[np.ndarray, " bin"]:
        """Return by how much each tap of a track's responses is unsure, as a spectrum."""
        own = _power(track.audio, self._rate)
        return self._rest_power / (own + 1e-9 * own.max() + 1e-20) / int(self._heard.sum())

    def _compression(self, track: Track, captured: CapturedTrack, fixed: Fixed) -> Compression:
        """Return the compressor of a track."""
        dry = torch.from_numpy(track.audio.copy())
        gain = torch.from_numpy(self._gain(captured))
        lead = self._capture.lead
        steady, moved = (
            self._whitening.apply(apply_responses(captured.responses, audio, lead))
            for audio in (dry, dry * gain)
        )
        frames = Framewise(steady * self._heard, (self._rest + moved) * self._heard, self._rate)
        sounds = {"dry": dry}
        if fixed.equalizer is not None:
            sounds["behind the EQ"] = _filtered(dry, response_of(fixed.equalizer, self._rate))
        return read_compression(frames, sounds, self._rate)

    def _gain(self, captured: CapturedTrack) -> Float[np.ndarray, " time"]:
        """Return a captured gain over the samples of the song."""
        gain = 10.0 ** (captured.gain_db.numpy() / 20.0)
        frame = self._capture.frame_s * self._rate
        middles = (np.arange(len(gain)) + 0.5) * frame
        return np.interp(np.arange(len(self._heard)), middles, gain).astype(np.float32)


def _chain(fixed: Fixed, compression: Compression | None) -> list[NodeSettings]:
    """Return processors in their order, and the level that stays on the fader."""
    level_db = fixed.level_db
    chain: list[NodeSettings] = []
    if fixed.equalizer is not None:
        chain.append(fixed.equalizer)
    if compression is not None:
        level_db += 20.0 * math.log10(max(compression.level, 1e-4))
        chain.insert(0 if compression.hears == "dry" else len(chain), compression.settings)
    if fixed.delay is not None:
        chain.append(fixed.delay)
        level_db -= 20.0 * math.log10(1.0 - fixed.delay.wet)
    reverb = None
    if fixed.reverb is not None:
        reverb, made_up_db = _reverb(fixed.reverb.taps, fixed.reverb.sample_rate_hz)
        level_db += made_up_db
    chain.append(node_of("fader", level_db=level_db, pan=fixed.pan))
    return chain if reverb is None else [*chain, reverb]


def _reverb(
    taps: Float[np.ndarray, "side channel taps"], sample_rate_hz: float
) -> tuple[NodeSettings, float]:
    """Return a reverb behind a fader, and by how much the fader makes up for its weight."""
    if taps.shape[1] == 1:
        taps = np.repeat(taps, 2, 1)
    rows = torch.tensor(taps.reshape(4, -1), dtype=torch.float32)
    wet, made_up_db = mixed_in(math.sqrt(float(rows.square().sum()) / 2.0))
    settings = node_of(
        "captured_reverb",
        wet,
        taps=captured_taps(rows),
        stored_rate_hz=sample_rate_hz,
        decay_factor=1.0,
        tone_db_per_octave=0.0,
        pre_delay_ms=0.0,
    )
    return settings, made_up_db


def _moves(gain_db: Float[Tensor, " frame"]) -> bool:
    """Say whether a gain moves by more than its error."""
    low, high = np.quantile(gain_db.numpy(), (0.02, 0.98))
    return bool(high - low > _MOVES_DB)


def _filtered(
    audio: Float[Tensor, "channel time"], taps: Float[Tensor, " taps"]
) -> Float[Tensor, "channel time"]:
    """Return audio through a filter, as long as it was."""
    length = fast_length(audio.shape[-1] + len(taps))
    spectrum = torch.fft.rfft(audio, length) * torch.fft.rfft(taps, length)
    return torch.fft.irfft(spectrum, length)[:, : audio.shape[-1]]


def _power(audio: Float[np.ndarray, "channel time"], rate: float) -> Float[np.ndarray, " bin"]:
    """Return the mean power spectral density of channels, from 0 to half the rate."""
    return scipy.signal.welch(audio, rate, nperseg=min(_FRAME, audio.shape[-1]))[1].mean(0)
