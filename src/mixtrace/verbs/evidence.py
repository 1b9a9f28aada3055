"""What a report will tell of a fit's audio, measured while the audio is at hand."""

import numpy as np
import soxr
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from mixtrace.descent import SongWindows
from mixtrace.graph import Graph, passages
from mixtrace.losses import WARM_UP_S, WINDOW_S, MixLoss, combine, evaluation_windows
from mixtrace.metrics import LOSS_RATE_HZ
from mixtrace.processors import DynamicsProcessor, Settings, processor
from mixtrace.reusing import dynamics_of
from mixtrace.session import Session
from mixtrace.store import Evidence, StoredGraph
from mixtrace.trials import Trials, look_at
from mixtrace.verbs.tapping import (
    FLOOR_DB,
    Report,
    around,
    entering,
    frame_gains_db,
    power_db,
    tapped,
)

__all__ = ["collect_evidence", "loss_increases"]

_FRAME_S = 0.1
_CURVE_S = 0.05
_LONGEST_FFT_S = 0.2
_LOWEST_HZ, _HIGHEST_HZ = 25.0, 20_000.0
_BANDS_PER_OCTAVE = 6.0
_MOST_WINDOWS = 4
_MOST_TRIALS = 400
_WINDOWS_AT_ONCE = 4


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
    trials = Trials(graph, settings, windows, look.numbers, look.means["published"])
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
    dynamics = dynamics_of(graph)
    groups = [([i, end], i) for i, end in ends.items()]
    groups += [around(graph, i) for i in dynamics]
    spectra = np.full((len(graph.inputs), 2, len(edges_hz) - 1), FLOOR_DB, np.float32)
    sides = np.full((len(graph.inputs), 2, 2), FLOOR_DB, np.float32)
    shape = (len(dynamics), -(-mix.shape[1] // round(_CURVE_S * rate)))
    input_db, gain_db = np.full(shape, FLOOR_DB, np.float32), np.zeros(shape, np.float32)
    for nodes, subject, audio in tapped(stored, session, groups, report):
        if subject in ends:
            track = graph.inputs.index(subject)
            for place, signal in enumerate(audio[i] for i in nodes):
                sides[track, place] = power_db(signal.square().mean(1).numpy())
                spectra[track, place] = _spectrum_db(signal.mean(0), rate, edges_hz)
        else:
            row, made_up_db = dynamics.index(subject), _made_up_db(stored, subject)
            sound = entering(graph, subject, audio)
            input_db[row], gain = frame_gains_db(sound, audio[subject], round(_CURVE_S * rate))
            gain_db[row] = np.nan_to_num(gain - made_up_db)
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


def _made_up_db(stored: StoredGraph, node: int) -> float:
    entry = processor(stored.graph.nodes[node].kind)
    return entry.made_up_db(stored.node(node)) if isinstance(entry, DynamicsProcessor) else 0.0


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
    return power_db(torch.stack(powers).numpy())


def _spectrum_db(
    audio: Float[Tensor, " time"], sample_rate_hz: int, edges_hz: Float[np.ndarray, " edge"]
) -> Float32[np.ndarray, " band"]:
    return power_db(_band_powers(audio, sample_rate_hz, edges_hz).mean(1).numpy())


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
