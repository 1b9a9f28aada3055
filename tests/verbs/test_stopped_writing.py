"""A signal that comes while a result is written waits until its page is there as well."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from found_at_once import found_at_once

import mixtrace
from mixtrace.progress import Progress
from mixtrace.stopping import check, signals_heard

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")


def stopping_at(stage: str) -> Callable[[Progress], None]:
    """Return a progress that is where Ctrl-C comes, and obeys it as the command line's does."""

    def show(step: Progress) -> None:
        if step.stage == stage and step.done == 1:
            signal.raise_signal(signal.SIGINT)
        check()

    return show


def test_a_capture_that_is_being_written_gets_its_page(tiny_song: Path, tmp_path: Path):
    out = tmp_path / "OUT"
    mixtrace.capture(tiny_song, out)
    (out / "report.html").write_text('<meta name="generator" content="mixtrace">old')
    with pytest.raises(KeyboardInterrupt), signals_heard():
        mixtrace.capture(tiny_song, out, on_progress=stopping_at("writing"))
    assert "old" not in (out / "report.html").read_text("utf-8")[:100]
    assert not (out / "checkpoint.safetensors").exists()
    mixtrace.show(out)


def test_a_fit_whose_audio_is_being_coded_gets_its_page(
    tiny_song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mixtrace.recovery.method.Recovery.invert", found_at_once)
    out = tmp_path / "OUT"
    with pytest.raises(KeyboardInterrupt), signals_heard():
        mixtrace.fit(tiny_song, out, align=False, on_progress=stopping_at("coding audio"))
    assert (out / "report.html").is_file()
