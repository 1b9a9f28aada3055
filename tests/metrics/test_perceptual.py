"""Models of hearing, as far as they are installed: their numbers, pieces, silence."""

from importlib.util import find_spec

import numpy as np
import pytest
import soxr

from mixtrace.errors import AudioError
from mixtrace.metrics import perceptual, perceptual_scores

RATE_HZ = 44_100


def sound(seconds: float = 2.0) -> np.ndarray:
    """Return something like a voice: harmonics that come and go."""
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    voice = sum(np.sin(2.0 * np.pi * 150.0 * n * time) / n for n in range(1, 40))
    voice = voice * (np.sin(2.0 * np.pi * 2.5 * time) > -0.3)
    return 0.1 * np.stack([voice, 0.8 * voice]).astype(np.float32)


def worse(audio: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal(audio.shape)
    return audio + 0.02 * noise.astype(np.float32)


@pytest.fixture
def slow_ones_left_out(monkeypatch: pytest.MonkeyPatch):
    """Let ViSQOL, which compiles itself for seconds, count as missing."""
    monkeypatch.setitem(perceptual._PACKAGES, "visqol-python", "no_such_module_of_visqol")


@pytest.mark.skipif(find_spec("pystoi") is None, reason="pystoi is not installed")
@pytest.mark.usefixtures("slow_ones_left_out")
def test_stoi_and_pesq_hear_the_mean_of_both_channels():
    import pystoi  # pyright: ignore[reportMissingImports] (an extra)

    target, estimate = sound(), worse(sound())
    found = perceptual_scores(target=target, estimate=estimate, sample_rate_hz=RATE_HZ)
    assert found.pieces == 1 and "visqol-python" in found.missing and found.visqol_mos is None
    clean, noisy = (
        soxr.resample(x.mean(0, dtype=np.float64), RATE_HZ, 16_000) for x in (target, estimate)
    )
    assert found.stoi == pytest.approx(pystoi.stoi(clean, noisy, 16_000), abs=1e-12)
    if find_spec("pesq") is not None:
        import pesq  # pyright: ignore[reportMissingImports] (an extra)

        assert found.pesq_mos == pytest.approx(pesq.pesq(16_000, clean, noisy, "wb"), abs=1e-6)


@pytest.mark.skipif(find_spec("visqol") is None, reason="visqol-python is not installed")
def test_visqol_hears_what_is_worse():
    target = sound(1.2)
    scores = [
        perceptual_scores(target=target, estimate=x, sample_rate_hz=RATE_HZ).visqol_mos
        for x in (target, worse(target))
    ]
    # An exact match has the best score that its audio mode gives.
    assert scores[0] == pytest.approx(4.73, abs=0.01)
    assert scores[1] is not None and 1.0 <= scores[1] < 4.0


@pytest.mark.skipif(find_spec("pystoi") is None, reason="pystoi is not installed")
@pytest.mark.usefixtures("slow_ones_left_out")
def test_a_long_song_is_heard_in_six_pieces():
    target = np.tile(sound(), 40)
    damaged = target.copy()
    damaged[:, : 5 * RATE_HZ] = worse(damaged[:, : 5 * RATE_HZ])
    found = perceptual_scores(target=target, estimate=damaged, sample_rate_hz=RATE_HZ)
    assert found.pieces == 6
    assert found.stoi is not None and 0.8 < found.stoi < 1.0  # one of six is damaged, in half


@pytest.mark.usefixtures("slow_ones_left_out")
@pytest.mark.skipif(find_spec("pystoi") is None, reason="pystoi is not installed")
def test_silence_has_no_scores():
    silent = np.zeros_like(sound())
    found = perceptual_scores(target=silent, estimate=sound(), sample_rate_hz=RATE_HZ)
    assert (found.pesq_mos, found.stoi, found.visqol_mos, found.pieces) == (None, None, None, 0)
    found = perceptual_scores(target=sound(), estimate=silent, sample_rate_hz=RATE_HZ)
    assert found.pesq_mos is None and found.stoi == pytest.approx(0.0, abs=1e-3)


def test_where_none_is_installed_it_says_how(monkeypatch: pytest.MonkeyPatch):
    for name in perceptual._PACKAGES:
        monkeypatch.setitem(perceptual._PACKAGES, name, "no_such_module")
    with pytest.raises(AudioError, match=r"pip install 'mixtrace\[perceptual\]'"):
        perceptual_scores(target=sound(), estimate=sound(), sample_rate_hz=RATE_HZ)
