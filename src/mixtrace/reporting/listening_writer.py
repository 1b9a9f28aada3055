"""Writes what can be heard of a result to a folder `listen/`: Ogg Opus, and a document about it.

Loudness is matched to the target's. The residual is played with the estimate's gain: as loud as it
is in the song. A dry track is matched to its processed self. All gains are lowered together, so
that nothing exceeds full scale.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
import soxr
from jaxtyping import Float

from mixtrace.errors import StoreError
from mixtrace.metrics import integrated_loudness_lufs
from mixtrace.parallel import side_by_side
from mixtrace.reporting.listening_plan import ListeningPlan, Strip
from mixtrace.store import JSON, LISTEN, naming, read_document, stage, write_document
from mixtrace.units import db_from_ratio, ratio_from_db

__all__ = [
    "LISTENING",
    "LISTENING_SCHEMA",
    "SIGNALS",
    "VERSIONS",
    "listening_files",
    "strip_file",
    "write_listening",
]

LISTENING = "listening.json"
LISTENING_SCHEMA = "mixtrace.listening/1"

SIGNALS = ("target", "estimate", "residual", "sum")
"""What can be heard in full length, in the order of the keys 1 to 4."""

VERSIONS = ("dry", "processed")

_CODED_RATE_HZ = 48_000
_COLUMNS = {"signal": 600, "strip": 150}
_WAVEFORM_STEPS = 255
_LARGEST_PEAK = 0.9
_FARTHEST_MATCH_DB = 30.0
_SILENT = 1e-5
_CODED_AT_ONCE = 1 << 16

Report = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class _Sound:
    """Audio, the file it goes to and the gain it is played with."""

    file: str
    audio: Float[np.ndarray, "_channel time"]
    loudness_lufs: float | None
    gain_db: float

    @property
    def played_peak(self) -> float:
        return float(np.abs(self.audio).max(initial=0.0)) * ratio_from_db(self.gain_db)

    @property
    def silent(self) -> bool:
        return self.played_peak < _SILENT


def write_listening(
    folder: Path,
    plan: ListeningPlan,
    *,
    target: Float[np.ndarray, "2 time"],
    estimate: Float[np.ndarray, "2 time"],
    tracks: Sequence[Float[np.ndarray, "_channel time"]],
    processed: Mapping[int, Float[np.ndarray, "_channel span"]],
    sample_rate_hz: int,
    report: Report = lambda done, total: None,
) -> None:
    """Write `listen/` of a result; the document that names its content takes its place last.

    Args:
        folder: the folder of the fit; it exists.
        plan: what to write.
        target: the mix.
        estimate: what the graph makes of the tracks.
        tracks: the dry tracks, as they enter the graph.
        processed: the audio of each strip's end, within the plan's span.
        sample_rate_hz: the rate of all.
        report: called with the files done and their total.

    Raises:
        StoreError: a file cannot be written.
    """
    main = _main_sounds(target, estimate, tracks, sample_rate_hz)
    dry = [_dry(plan, strip, tracks) for strip in plan.strips]
    wet = [processed[strip.end] for strip in plan.strips]
    pairs = _strip_sounds(dry, wet, main[SIGNALS.index("estimate")].gain_db, sample_rate_hz)
    rates = [(sound, plan.main_kbps) for sound in main]
    rates += [(s, plan.strip_kbps) for pair in pairs for s in pair if not s.silent]
    before = listening_files(folder) - {f"{LISTEN}/{sound.file}" for sound, _ in rates}
    with stage(folder, before) as part_of:
        paths = {sound.file: part_of(f"{LISTEN}/{sound.file}") for sound, _ in rates}

        def code(sound_and_kbps: tuple[_Sound, float]) -> float:
            sound, kbps = sound_and_kbps
            return _write_opus(paths[sound.file], sound.audio, sample_rate_hz, kbps)

        scales_db: dict[str, float] = {}
        for sound, scale_db in zip(paths, side_by_side(code, rates), strict=True):
            scales_db[sound] = scale_db
            report(len(scales_db), len(rates))
        loudest = max(sound.played_peak for sound in main)
        content: dict[str, JSON] = {
            "duration_s": target.shape[-1] / sample_rate_hz,
            "span_s": [sample / sample_rate_hz for sample in plan.span],
            "signals": {
                name: _table(sound, scales_db, loudest, _COLUMNS["signal"])
                for name, sound in zip(SIGNALS, main, strict=True)
            },
            "strips": [
                _strip_table(strip, pair, scales_db)
                for strip, pair in zip(plan.strips, pairs, strict=True)
            ],
        }
        write_document(part_of(f"{LISTEN}/{LISTENING}"), LISTENING_SCHEMA, content)


def listening_files(folder: Path) -> set[str]:
    """Return the files that the document in a result's `listen/` tells of, itself among them.

    They are named relative to the folder. There are none where the document cannot be read: what
    else lies there is somebody's own.
    """
    try:
        document = read_document(folder / LISTEN / LISTENING, LISTENING_SCHEMA, root=folder)
        strips = list(enumerate(document["strips"], 1))
        pairs = [(n, version) for n, strip in strips for version in VERSIONS if strip[version]]
    except (StoreError, KeyError, TypeError):
        return set()
    audio = [*(f"{name}.opus" for name in SIGNALS), *(strip_file(*pair) for pair in pairs)]
    return {f"{LISTEN}/{name}" for name in (LISTENING, *audio)}


def strip_file(number: int, version: str) -> str:
    """Return the name of a strip's file.

    >>> strip_file(3, "dry")
    'strip-003-dry.opus'
    """
    return f"strip-{number:03d}-{version}.opus"


def _main_sounds(
    target: np.ndarray, estimate: np.ndarray, tracks: Sequence[np.ndarray], rate: int
) -> list[_Sound]:
    total = np.zeros_like(target)
    for track in tracks:
        total += track
    audio = (target, estimate, target - estimate, total)
    files = [f"{name}.opus" for name in SIGNALS]
    named = dict(zip(SIGNALS, _sounds(files, audio, rate), strict=True))
    gains_db = {name: _match_db(sound, named["target"]) for name, sound in named.items()}
    gains_db["residual"] = gains_db["estimate"]
    matched = [replace(sound, gain_db=gains_db[name]) for name, sound in named.items()]
    return _lowered(matched, max(sound.played_peak for sound in matched))


def _strip_sounds(
    dry: Sequence[np.ndarray], wet: Sequence[np.ndarray], gain_db: float, rate: int
) -> list[tuple[_Sound, _Sound]]:
    """Return the dry and processed sound of each strip; both sums stay below full scale."""
    versions: list[list[_Sound]] = [[], []]
    numbers = range(1, len(dry) + 1)
    files = [strip_file(number, version) for version in VERSIONS for number in numbers]
    sounds = _sounds(files, [*dry, *wet], rate)
    for before, after in zip(sounds[: len(dry)], sounds[len(dry) :], strict=True):
        versions[0].append(replace(before, gain_db=gain_db + _match_db(before, after)))
        versions[1].append(replace(after, gain_db=gain_db))
    top = max(_peak_of_sum(version) for version in versions)
    befores, afters = (_lowered(version, top) for version in versions)
    return list(zip(befores, afters, strict=True))


def _sounds(files: Sequence[str], audio: Sequence[np.ndarray], rate: int) -> list[_Sound]:
    loudness_lufs = side_by_side(lambda one: integrated_loudness_lufs(one, rate), audio)
    return [_Sound(*one, 0.0) for one in zip(files, audio, loudness_lufs, strict=True)]


def _match_db(sound: _Sound, reference: _Sound) -> float:
    """Return the gain that makes a sound as loud as another; 0 where one has no loudness."""
    if sound.loudness_lufs is None or reference.loudness_lufs is None:
        return 0.0
    gain_db = reference.loudness_lufs - sound.loudness_lufs
    return min(max(gain_db, -_FARTHEST_MATCH_DB), _FARTHEST_MATCH_DB)


def _lowered(sounds: Iterable[_Sound], peak: float) -> list[_Sound]:
    """Return the sounds with gains so much lower that this peak is at most full scale."""
    excess_db = max(db_from_ratio(peak), 0.0)
    return [replace(sound, gain_db=sound.gain_db - excess_db) for sound in sounds]


def _peak_of_sum(sounds: Sequence[_Sound]) -> float:
    total = np.zeros((2, sounds[0].audio.shape[-1]))
    for sound in sounds:
        total += ratio_from_db(sound.gain_db) * sound.audio
    return float(np.abs(total).max())


def _dry(plan: ListeningPlan, strip: Strip, tracks: Sequence[np.ndarray]) -> np.ndarray:
    """Return the sum of a strip's tracks within the span, mono where all are."""
    first, end = plan.span
    cut = [tracks[k][:, first:end] for k in strip.inputs]
    total = np.zeros((max(len(audio) for audio in cut), end - first), np.float32)
    for audio in cut:
        total += audio
    return total


def _write_opus(path: Path, audio: np.ndarray, rate: int, kbps: float) -> float:
    """Write audio scaled into full scale and return what it was scaled by, in dB."""
    peak = float(np.abs(audio).max(initial=0.0))
    scale = min(1.0, _LARGEST_PEAK / peak) if peak > 0.0 else 1.0
    samples = (scale * audio.T).astype(np.float32)
    if rate != _CODED_RATE_HZ:
        samples = soxr.resample(samples, rate, _CODED_RATE_HZ)
    # The library's levels 0 to 1 stand for 256 to 6 kbit/s a channel.
    level = min(max((256.0 - kbps) / 250.0, 0.0), 1.0)
    form = {"format": "OGG", "subtype": "OPUS", "compression_level": level, "closefd": False}
    # Libsndfile gets the open file: it cannot be told a path that is no text.
    with naming(path), path.open("wb") as file:
        channels = samples.shape[1]
        with soundfile.SoundFile(file.fileno(), "w", _CODED_RATE_HZ, channels, **form) as coded:
            for first in range(0, len(samples), _CODED_AT_ONCE):
                coded.write(samples[first : first + _CODED_AT_ONCE])
    return db_from_ratio(scale)


def _strip_table(
    strip: Strip, pair: tuple[_Sound, _Sound], scales_db: Mapping[str, float]
) -> dict[str, JSON]:
    top = max(sound.played_peak for sound in pair)
    versions = {
        version: None if sound.silent else _table(sound, scales_db, top, _COLUMNS["strip"])
        for version, sound in zip(VERSIONS, pair, strict=True)
    }
    return {"name": strip.name, "role": strip.role, "tracks": len(strip.inputs), **versions}


def _table(
    sound: _Sound, scales_db: Mapping[str, float], loudest: float, columns: int
) -> dict[str, JSON]:
    peaks, levels = _waveform(sound, loudest, columns)
    lufs = sound.loudness_lufs
    return {
        "gain_db": round(sound.gain_db - scales_db[sound.file], 3),
        "loudness_lufs": None if lufs is None else round(lufs, 2),
        "match_db": round(sound.gain_db, 2),
        "peaks": peaks,
        "levels": levels,
    }


def _waveform(sound: _Sound, loudest: float, columns: int) -> tuple[list[int], list[int]]:
    """Return largest magnitude and root mean square of each column, in steps of the loudest."""
    edges = np.linspace(0, sound.audio.shape[-1], columns + 1).astype(int)
    lengths = np.maximum(np.diff(edges), 1)
    starts = np.minimum(edges[:-1], sound.audio.shape[-1] - 1)
    magnitude = np.abs(sound.audio).max(axis=0)
    peaks = np.maximum.reduceat(magnitude, starts)
    powers = np.add.reduceat(np.square(magnitude, dtype=np.float64), starts)
    scale = ratio_from_db(sound.gain_db) / max(loudest, _SILENT) * _WAVEFORM_STEPS
    levels = np.sqrt(powers / lengths)
    return _steps(scale * peaks), _steps(scale * levels)


def _steps(heights: np.ndarray) -> list[int]:
    return np.clip(heights, 0, _WAVEFORM_STEPS).round().astype(int).tolist()
