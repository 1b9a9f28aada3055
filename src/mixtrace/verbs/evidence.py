"""What a report will tell of a fit's audio, measured while the audio is at hand."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import soxr
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from mixtrace.descent import SongWindows
from mixtrace.graph import MAIN, Edge, Graph, passages
from mixtrace.losses import WARM_UP_S, WINDOW_S, MixLoss, combine, evaluation_windows
from mixtrace.metrics import LOSS_RATE_HZ
from mixtrace.processors import DynamicsProcessor, Settings, processor
from mixtrace.rendering import render_taps
from mixtrace.session import Session
from mixtrace.store import Evidence, StoredGraph
from mixtrace.trials import Trials, look_at
from mixtrace.units import ratio_from_db
from mixtrace.verbs.dry_tracks import tracks_reaching

__all__ = ["collect_evidence", "loss_increases"]

_FRAME_S = 0.1
_CURVE_S = 0.05
_LONGEST_FFT_S = 0.2
_LOWEST_HZ, _HIGHEST_HZ = 25.0, 20_000.0
_BANDS_PER_OCTAVE = 6.0
_FLOOR_DB = -120.0
_SOUNDING_DB = -80.0
_MOST_WINDOWS = 4
_MOST_TRIALS = 400
_TAP_BYTES = 1_000_000_000
_WINDOWS_AT_ONCE = 4

Report = Callable[[int, int], None]

_Group = tuple[list[int], int]
"""Nodes whose audio is wanted together, and the one it is wanted for."""

_Tapped = tuple[list[int], int, dict[int, Float[Tensor, "2 time"]]]
"""A group with its audio."""


def loss_increases(
    graph: Graph, settings: Settings, windows: SongWindows, report: Report
) -> Float32[np.ndarray, " processor"]:
    """Return how much L_a (published) rises when each processor alone is removed.

    Judged on up to four windows spread over the song, fewer where there are very many processors;
    the settings of all others are left as they are.

    Args:
        graph: the result.
        settings: its settings.
        windows: of the song, at the rate of the fit.
        report: called with the processors done and their total.
    """
    chosen = min(_MOST_WINDOWS, max(1, _MOST_TRIALS // max(1, len(graph.processors))))
    places = (np.arange(chosen) + 0.5) * windows.count / chosen
    numbers = np.unique(places.astype(int))
    look = look_at(graph, settings, windows, numbers.tolist())
    trials = Trials(graph, settings, windows, look)
    whole = trials.loss(())
    increases = np.zeros(len(graph.processors), np.float32)
    for done, i in enumerate(graph.processors, 1):
        increases[done - 1] = trials.loss((i,)) - whole
        report(done, len(increases))
    return np.nan_to_num(increases)


def collect_evidence(
    stored: StoredGraph,
    session: Session,
    mix: Float[np.ndarray, "2 time"],
    increases: Float32[np.ndarray, " processor"],
    report: Report,
) -> Evidence:
    """Measure a result.

    Args:
        stored: the result.
        session: its song at the mix's own rate.
        mix: what the result renders there.
        increases: see `loss_increases`.
        report: called with the passes through the song done and their total.
    """
    rate = session.sample_rate_hz
    edges_hz = _edges_hz(rate)
    graph = stored.graph
    ends = {p.head: p.end for p in passages(graph) if p.head in graph.inputs}
    ends = {i: ends[i] for i in graph.inputs}
    dynamics = [i for i in graph.processors if _follows_level(graph.nodes[i].kind)]
    groups = [([i, end], i) for i, end in ends.items()]
    groups += [([*(edge.source for edge in _heard(graph, i)), i], i) for i in dynamics]
    spectra = np.full((len(graph.inputs), 2, len(edges_hz) - 1), _FLOOR_DB, np.float32)
    sides = np.full((len(graph.inputs), 2, 2), _FLOOR_DB, np.float32)
    shape = (len(dynamics), -(-mix.shape[1] // round(_CURVE_S * rate)))
    input_db, gain_db = np.full(shape, _FLOOR_DB, np.float32), np.zeros(shape, np.float32)
    for nodes, subject, audio in _tapped(stored, session, groups, report):
        if subject in ends:
            track = graph.inputs.index(subject)
            for place, signal in enumerate(audio[i] for i in nodes):
                sides[track, place] = _db(signal.square().mean(1).numpy())
                spectra[track, place] = _spectrum_db(signal.mean(0), rate, edges_hz)
        else:
            parts = [audio[e.source] * ratio_from_db(e.level_db) for e in _heard(graph, subject)]
            entering = torch.stack(parts).sum(0)
            row = dynamics.index(subject)
            input_db[row], gain_db[row] = _gain(
                entering, audio[subject], rate, _made_up_db(stored, subject)
            )
    both = [_mid_side_db(signal, rate, edges_hz) for signal in (session.mix, mix)]
    return Evidence(
        frame_s=round(_FRAME_S * rate) / rate,
        curve_s=round(_CURVE_S * rate) / rate,
        bands_hz=edges_hz.astype(np.float32),
        spectra_db=np.stack(both),
        window_losses=_window_losses(session.mix, mix, rate),
        track_spectra_db=spectra,
        track_sides_db=sides,
        dynamics=np.array(dynamics, np.int64),
        input_db=input_db,
        gain_db=gain_db,
        increases=increases,
    )


def _follows_level(kind: str) -> bool:
    return isinstance(processor(kind), DynamicsProcessor)


def _made_up_db(stored: StoredGraph, node: int) -> float:
    entry = processor(stored.graph.nodes[node].kind)
    return entry.made_up_db(stored.node(node)) if isinstance(entry, DynamicsProcessor) else 0.0


def _heard(graph: Graph, node: int) -> list[Edge]:
    """Return what a processor works on."""
    return [edge for edge in graph.feeds[node] if edge.port == MAIN]


def _tapped(
    stored: StoredGraph,
    session: Session,
    groups: Sequence[_Group],
    report: Report,
) -> Iterator[_Tapped]:
    """Yield each group of nodes with their audio, in as many passes as keep it within 1 GB.

    A pass renders no other tracks than those that reach its nodes.
    """
    most = max(4, _TAP_BYTES // (8 * session.mix.shape[1]))
    passes: list[list[_Group]] = [[]]
    for group in groups:
        nodes = {i for members, _ in [*passes[-1], group] for i in members}
        if len(nodes) > most and passes[-1]:
            passes.append([])
        passes[-1].append(group)
    for done, members in enumerate(passes, 1):
        yield from _pass(stored, session, members)  # its audio is let go before the next
        report(done, len(passes))


def _pass(stored: StoredGraph, session: Session, groups: Sequence[_Group]) -> Iterator[_Tapped]:
    taps = dict.fromkeys(i for nodes, _ in groups for i in nodes)
    tracks = tracks_reaching(taps, stored.graph, session.audio)
    rate = session.sample_rate_hz
    _, audio = render_taps(stored.graph, stored.settings, tracks, rate, list(taps))
    for nodes, subject in groups:
        yield nodes, subject, {i: audio[i].expand(2, -1) for i in nodes}


def _edges_hz(sample_rate_hz: int) -> Float[np.ndarray, " edge"]:
    """Return band edges, a sixth of an octave apart, up to 20 kHz or half the rate."""
    octaves = np.log2(min(_HIGHEST_HZ, 0.5 * sample_rate_hz) / _LOWEST_HZ)
    return _LOWEST_HZ * 2.0 ** np.linspace(0.0, octaves, round(_BANDS_PER_OCTAVE * octaves) + 1)


def _band_powers(
    audio: Float[Tensor, " time"], sample_rate_hz: int, edges_hz: Float[np.ndarray, " edge"]
) -> Float[Tensor, "band frame"]:
    """Return the mean square in each band, frame by frame."""
    hop = round(_FRAME_S * sample_rate_hz)
    length = 2 * round(_LONGEST_FFT_S * sample_rate_hz / 2)
    window = torch.hann_window(length)
    padded = torch.nn.functional.pad(audio, (length // 2, length))
    frames = padded.unfold(0, length, hop)[: -(-len(audio) // hop)]
    step_hz = sample_rate_hz / length
    centres_hz = np.arange(length // 2 + 1) * step_hz
    upper = np.minimum(edges_hz[1:, None], centres_hz + 0.5 * step_hz)
    lower = np.maximum(edges_hz[:-1, None], centres_hz - 0.5 * step_hz)
    share = torch.from_numpy(np.maximum(0.0, upper - lower) / step_hz).float()
    scale = 2.0 / (length * float(window.square().sum()))
    blocks = [torch.fft.rfft(block * window).abs().square() for block in frames.split(512)]
    return scale * share @ torch.cat(blocks).T


def _mid_side_db(
    stereo: Float[np.ndarray, "2 time"],
    sample_rate_hz: int,
    edges_hz: Float[np.ndarray, " edge"],
) -> Float32[np.ndarray, "2 band frame"]:
    left, right = torch.from_numpy(np.asarray(stereo, np.float32))
    powers = [_band_powers(s, sample_rate_hz, edges_hz) for s in (left + right, left - right)]
    return _db(torch.stack(powers).numpy())


def _spectrum_db(
    audio: Float[Tensor, " time"], sample_rate_hz: int, edges_hz: Float[np.ndarray, " edge"]
) -> Float32[np.ndarray, " band"]:
    return _db(_band_powers(audio, sample_rate_hz, edges_hz).mean(1).numpy())


def _gain(
    entering: Float[Tensor, "2 time"],
    leaving: Float[Tensor, "2 time"],
    sample_rate_hz: int,
    made_up_db: float,
) -> tuple[Float32[np.ndarray, " curve"], Float32[np.ndarray, " curve"]]:
    """Return the level that enters a node, and the gain it meets there beyond its make-up in dB.

    Without a sound that gain is 0.
    """
    size = round(_CURVE_S * sample_rate_hz)
    missing = -entering.shape[1] % size
    powers = [
        torch.nn.functional.pad(s, (0, missing)).square().mean(0).unflatten(0, (-1, size)).mean(1)
        for s in (entering, leaving)
    ]
    before, after = (_db(power.numpy()) for power in powers)
    gain_db = after - before - made_up_db
    return before, np.where(before > _SOUNDING_DB, gain_db, 0.0).astype(np.float32)


def _window_losses(
    target: Float[np.ndarray, "2 time"], estimate: Float[np.ndarray, "2 time"], sample_rate_hz: int
) -> Float32[np.ndarray, " window"]:
    """Return L_a (published) of every evaluation window."""
    pair = [
        torch.from_numpy(soxr.resample(s.T, sample_rate_hz, LOSS_RATE_HZ).T.copy())
        for s in (target, estimate)
    ]
    starts = evaluation_windows(pair[0].shape[1], LOSS_RATE_HZ)
    first, last = round(WARM_UP_S * LOSS_RATE_HZ), round(WINDOW_S * LOSS_RATE_HZ)
    stacked = torch.nn.functional.pad(torch.stack(pair), (0, last))
    loss = MixLoss(LOSS_RATE_HZ, device="cpu")
    losses = []
    for group in range(0, len(starts), _WINDOWS_AT_ONCE):
        chosen = starts[group : group + _WINDOWS_AT_ONCE]
        targets, estimates = torch.stack([stacked[..., s + first : s + last] for s in chosen], 1)
        losses.append(combine(loss.parts(estimates, loss.features(targets)), "published"))
    return torch.cat(losses).numpy().astype(np.float32)


def _db(power: np.ndarray) -> np.ndarray:
    return np.maximum(10.0 * np.log10(power + 1e-30), _FLOOR_DB).astype(np.float32)
