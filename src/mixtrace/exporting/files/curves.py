"""Responses and gains as WAV, for programs that take them, and as CSV, to look at."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float

from mixtrace.exporting.project import Project, Response
from mixtrace.exporting.stems import entering
from mixtrace.exporting.stems.gains import gain_of
from mixtrace.exporting.tables import Table
from mixtrace.processors import (
    AutomationProcessor,
    DynamicsProcessor,
    FilterProcessor,
    processor,
)
from mixtrace.progress import Steps
from mixtrace.store import file_name
from mixtrace.store.audio_files import write_float_audio

__all__ = ["write_gains", "write_responses"]

_MOST_TAPS = 32_768
"""As long as an EQ rings at 96 kHz; a table of a longer response helps nobody."""

_BANDS_PER_OCTAVE = 12
_LOWEST_HZ = 20.0
_SPECTRUM_SAMPLES = 1 << 17
"""Bins of a third of a hertz at 44.1 kHz: three in the lowest band."""

_GAIN_STEP_S = 0.01
_FLOOR_DB = -200.0
_SIDES = {
    1: ("both channels",),
    2: ("left", "right"),
    4: ("left from left", "left from right", "right from left", "right from right"),
}


def write_responses(project: Project, folder: Path, report: Steps) -> None:
    """Write the impulse response of every filter, its curve, and a table of them.

    Raises:
        OSError: a file cannot be written.
    """
    graph = project.graph
    nodes = [i for i in graph.processors if _is(project, i, FilterProcessor)]
    if not nodes:
        return
    folder.mkdir()
    headings = ("file", "channel", "device", "channels of the file", "samples before time zero")
    table = Table((*headings, "samples", "sample rate (Hz)"))
    for done, i in enumerate(nodes, 1):
        response, stem = project.response(i), _stem(project, i)
        count, samples = response.taps.shape
        write_float_audio(folder / f"{stem}.wav", response.taps, project.sample_rate_hz)
        _curve(response, project.sample_rate_hz).write_csv(folder / f"{stem} curve.csv")
        if samples <= _MOST_TAPS:
            _taps(response, project.sample_rate_hz).write_csv(folder / f"{stem} taps.csv")
        facts = ("; ".join(_SIDES[count]), str(response.lead_samples), str(samples))
        label = processor(graph.nodes[i].kind).label
        table.add(f"{stem}.wav", graph.name(i), label, *facts, str(project.sample_rate_hz))
        report("writing", done, len(nodes))
    table.write_csv(folder / "responses.csv")


def write_gains(project: Project, folder: Path, report: Steps) -> None:
    """Write the gain of every dynamics processor and automation over the song, and a table.

    Raises:
        OSError: a file cannot be written.
    """
    found = [i for i in project.graph.processors if _moves(project, i)]
    if not found:
        return
    folder.mkdir()
    table = Table(("file", "channel", "device", "channels of the file", "sample rate (Hz)"))
    for i, gain in _gains(project, found, report):
        stem = _stem(project, i)
        write_float_audio(folder / f"{stem}.wav", gain, project.sample_rate_hz)
        _moments(gain, project.sample_rate_hz).write_csv(folder / f"{stem}.csv")
        label = processor(project.graph.nodes[i].kind).label
        sides = "; ".join(_SIDES[len(gain)])
        rate = str(project.sample_rate_hz)
        table.add(f"{stem}.wav", project.graph.name(i), label, sides, rate)
    table.write_csv(folder / "gains.csv")


def _is(project: Project, node: int, capability: type) -> bool:
    return isinstance(processor(project.graph.nodes[node].kind), capability)


def _moves(project: Project, node: int) -> bool:
    entry = processor(project.graph.nodes[node].kind)
    return isinstance(entry, DynamicsProcessor | AutomationProcessor)


def _stem(project: Project, node: int) -> str:
    kind = project.graph.nodes[node].kind
    return f"{node:03d} {file_name(project.graph.name(node))} {file_name(kind)}"


def _gains(
    project: Project, nodes: list[int], report: Steps
) -> Iterator[tuple[int, Float[np.ndarray, "channel time"]]]:
    """Yield the gain of each as an amplitude ratio, sample by sample."""
    moments_s = np.arange(project.length_samples) / project.sample_rate_hz
    for i in nodes:
        if _is(project, i, AutomationProcessor):
            yield i, project.ride(i, moments_s)[None].astype(np.float32)
    followed = [i for i in nodes if _is(project, i, DynamicsProcessor)]
    for i, audio, key in entering(project, followed, report):
        (stack,) = project.settings.groups([i])
        yield i, gain_of(stack, audio, key, project.sample_rate_hz).numpy()


def _curve(response: Response, sample_rate_hz: int) -> Table:
    """Return the mean power in bands of a twelfth of an octave, in dB."""
    _, samples = response.taps.shape
    points = max(_SPECTRUM_SAMPLES, 1 << (samples - 1).bit_length())
    power = np.square(np.abs(np.fft.rfft(response.taps, points)))
    octaves = np.log2(0.5 * sample_rate_hz / _LOWEST_HZ)
    steps = np.arange(int(octaves * _BANDS_PER_OCTAVE)) / _BANDS_PER_OCTAVE
    centres_hz, half = _LOWEST_HZ * 2.0**steps, 2.0 ** (0.5 / _BANDS_PER_OCTAVE)
    sides = [f"{side}, gain (dB)" for side in _SIDES[len(power)]]
    table = Table(("frequency (Hz)", *sides))
    for hz in centres_hz:
        first, end = (round(edge * points / sample_rate_hz) for edge in (hz / half, hz * half))
        mean = power[:, first : max(end, first + 1)].mean(1)
        table.add(f"{hz:.2f}", *(f"{_db(value):.2f}" for value in np.sqrt(mean)))
    return table


def _taps(response: Response, sample_rate_hz: int) -> Table:
    """Return the response sample by sample."""
    sides = [f"{side}, amplitude (ratio)" for side in _SIDES[len(response.taps)]]
    table = Table(("time (s)", *sides))
    for place, values in enumerate(response.taps.T.tolist()):
        time_s = (place - response.lead_samples) / sample_rate_hz
        table.add(f"{time_s:.8f}", *(f"{value:.7g}" for value in values))
    return table


def _moments(gain: Float[np.ndarray, "channel time"], sample_rate_hz: int) -> Table:
    """Return a gain at even moments in dB, each the mean of the ten milliseconds from there."""
    step = round(_GAIN_STEP_S * sample_rate_hz)
    table = Table(("time (s)", *(f"{side}, gain (dB)" for side in _SIDES[len(gain)])))
    first = np.arange(0, gain.shape[1], step)
    counts = np.minimum(first + step, gain.shape[1]) - first
    means = np.add.reduceat(gain.astype(np.float64), first, 1) / counts
    for at, values in zip(first.tolist(), means.T.tolist(), strict=True):
        table.add(f"{at / sample_rate_hz:.4f}", *(f"{_db(value):.3f}" for value in values))
    return table


def _db(ratio: float) -> float:
    return max(20.0 * float(np.log10(max(ratio, 1e-12))), _FLOOR_DB)
