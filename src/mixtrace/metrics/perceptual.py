"""How good listeners would call it, as models of hearing predict: PESQ, STOI and ViSQOL.

Each is another package, none of which mixtrace needs. All of them were made for recordings of some
seconds, so that a song is heard in pieces.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import soxr
from jaxtyping import Float
from numpy import ndarray

from mixtrace.errors import AudioError
from mixtrace.metrics.frames import sounding_range

__all__ = ["Perceptual", "perceptual_scores"]

_PIECE_S, _MOST_PIECES = 10.0, 6
_SHORTEST_PIECE_S = 1.0
_SPEECH_RATE_HZ, _MUSIC_RATE_HZ = 16_000, 48_000

Mono = Float[ndarray, " _time"]


@dataclass(frozen=True)
class Perceptual:
    """What models of hearing say; None for one that is not installed or has nothing to say.

    Attributes:
        pesq_mos: Wide-band PESQ, 1 to 4.64: made for speech on the telephone, not for music.
        stoi: Short-time objective intelligibility, 0 to 1: made for speech in noise.
        visqol_mos: ViSQOL in its audio mode, 1 to 5: made for coded music.
        pieces: How many pieces of the song they are the means of.
        missing: The packages that are not installed.
    """

    pesq_mos: float | None
    stoi: float | None
    visqol_mos: float | None
    pieces: int
    missing: tuple[str, ...]


def perceptual_scores(
    *,
    target: Float[ndarray, "2 time"],
    estimate: Float[ndarray, "2 time"],
    sample_rate_hz: int,
) -> Perceptual:
    """Return what models of hearing say of an estimate.

    They hear the mean of left and right, in at most six pieces of 10 s that lie evenly over the
    part in which the target sounds. A score is the mean over the pieces that have one.

    Args:
        target: The mix to match, [2, time], full scale 1.
        estimate: As long as the target.
        sample_rate_hz: The rate of both.

    Raises:
        AudioError: None of the packages is installed.

    Source: ITU-T P.862.2 through the package pesq; C. Taal et al., An Algorithm for Intelligibility
    Prediction of Time-Frequency Weighted Noisy Speech, 2011, through pystoi; M. Chinen et al.,
    ViSQOL v3, 2020, through visqol-python.
    """
    missing = tuple(name for name, module in _PACKAGES.items() if find_spec(module) is None)
    if len(missing) == len(_PACKAGES):
        raise AudioError(
            f"Expected one of the packages {', '.join(_PACKAGES)}, and none is installed. "
            "Install them with: pip install 'mixtrace[perceptual]'"
        )
    pieces = _pieces(target, estimate, sample_rate_hz)
    scores = {
        name: None if name in missing else _mean([measure(*pair) for pair in pieces[rate]])
        for name, (measure, rate) in _MEASURES.items()
    }
    return Perceptual(
        pesq_mos=scores["pesq"],
        stoi=scores["pystoi"],
        visqol_mos=scores["visqol-python"],
        pieces=len(pieces[_SPEECH_RATE_HZ]),
        missing=missing,
    )


def _pieces(
    target: Float[ndarray, "2 time"], estimate: Float[ndarray, "2 time"], rate: int
) -> dict[int, list[tuple[Mono, Mono]]]:
    """Return pairs of pieces at each rate that a model wants."""
    first, end = sounding_range(target)
    length = min(end - first, round(_PIECE_S * rate))
    if length < _SHORTEST_PIECE_S * rate:
        return {_SPEECH_RATE_HZ: [], _MUSIC_RATE_HZ: []}
    count = min(_MOST_PIECES, max(1, (end - first) // length))
    starts = np.linspace(first, end - length, count).astype(int)
    mono = [mix.mean(0, dtype=np.float64) for mix in (target, estimate)]
    cut = [[each[start : start + length] for each in mono] for start in starts]
    return {
        wanted: [(_at(one, rate, wanted), _at(other, rate, wanted)) for one, other in cut]
        for wanted in (_SPEECH_RATE_HZ, _MUSIC_RATE_HZ)
    }


def _at(audio: Mono, rate: int, wanted: int) -> Mono:
    return audio if rate == wanted else soxr.resample(audio, rate, wanted)


def _pesq(target: Mono, estimate: Mono) -> float | None:
    """Return the score; None where it finds nothing that it takes for an utterance."""
    package = import_module("pesq")
    if not estimate.any():
        return None
    try:
        return float(package.pesq(_SPEECH_RATE_HZ, target, estimate, "wb"))
    except package.PesqError:
        return None


def _stoi(target: Mono, estimate: Mono) -> float | None:
    return float(import_module("pystoi").stoi(target, estimate, _SPEECH_RATE_HZ))


def _visqol(target: Mono, estimate: Mono) -> float | None:
    """Return the score; None for silence, of which it makes no number."""
    if not target.any() or not estimate.any():
        return None
    api = import_module("visqol").VisqolApi()
    api.create(mode="audio")
    return float(api.measure_from_arrays(target, estimate, _MUSIC_RATE_HZ).moslqo)


_PACKAGES = {"pesq": "pesq", "pystoi": "pystoi", "visqol-python": "visqol"}
_MEASURES: dict[str, tuple[Callable[[Mono, Mono], float | None], int]] = {
    "pesq": (_pesq, _SPEECH_RATE_HZ),
    "pystoi": (_stoi, _SPEECH_RATE_HZ),
    "visqol-python": (_visqol, _MUSIC_RATE_HZ),
}


def _mean(scores: list[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return float(np.mean(known)) if known else None
