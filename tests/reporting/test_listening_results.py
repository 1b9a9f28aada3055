"""The player of several results: the mix once, every estimate, all of them equally loud."""

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyloudnorm
import pytest
import soundfile

from mixtrace.reporting import results_part
from mixtrace.reporting.listening_plan import ListeningPlan, Strip
from mixtrace.reporting.listening_writer import write_listening

RATE_HZ = 48_000
HOSTILE = "<img src=x onerror=alert(1)>"


def result(folder: Path, gain: float, total: float) -> Path:
    """Write what a result with an estimate of some gain, and a sum of another, lets hear."""
    folder.mkdir()
    noise = 0.1 * np.random.default_rng(0).standard_normal((2, 3 * RATE_HZ)).astype(np.float32)
    plan = ListeningPlan((Strip("n", "track", (0,), 0),), (0, 3 * RATE_HZ), 64.0, 48.0)
    write_listening(
        folder,
        plan,
        target=noise,
        estimate=np.float32(gain) * noise[::-1],
        tracks=[np.float32(total) * noise],
        processed={0: noise},
        sample_rate_hz=RATE_HZ,
    )
    return folder


def block(html: str, name: str) -> str:
    found = re.search(rf'<script type="[a-z/]+" id="{name}">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return found[1]


def played_lufs(html: str, key: str, facts: dict[str, Any]) -> float:
    """Return how loud a sound of the page is when it is played, by another meter."""
    audio, rate = soundfile.read(io.BytesIO(base64.b64decode(block(html, f"audio-{key}"))))
    return pyloudnorm.Meter(rate).integrated_loudness(facts["gains"][key] * audio)


def test_all_are_played_as_loud_as_the_mix_though_results_were_made_softer_apart(tmp_path: Path):
    """A loud residual or sum makes all of one result softer; the next one was not."""
    folders = {"soft": result(tmp_path / "a", 0.2, 1.0), HOSTILE: result(tmp_path / "b", 12.0, 9.0)}
    html = str(results_part(folders).html)
    facts = json.loads(block(html, "listen-facts"))
    loudness = [played_lufs(html, key, facts) for key in ("mix", "estimate-1", "estimate-2")]
    # The coder keeps noise to a tenth of a decibel.
    assert loudness[1:] == pytest.approx([loudness[0]] * 2, abs=0.2)
    assert list(facts["gains"]) == ["mix", "estimate-1", "estimate-2"]
    assert "<img" not in html and "&lt;img" in html
    assert "keys 1 to 3" in re.sub("<[^>]+>", "", html).lower()


def test_results_without_audio_are_told(tmp_path: Path):
    assert "No result was stored with audio" in results_part({"sum": tmp_path}).html
