"""A console to prune."""

import pytest

from mixtrace.graph import CONSOLES, ConsolePreset


@pytest.fixture
def small_console(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a preset with EQ, compressor and gain/pan on each track."""
    preset = ConsolePreset(("equalizer", "one_pole_compressor", "gain_panning"), ())
    monkeypatch.setitem(CONSOLES, "small", preset)
    return "small"
