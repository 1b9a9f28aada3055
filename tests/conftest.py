"""What every test shares: run-time shape checks, one thread, a tiny song, the real songs."""

import importlib
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
import torch
from jaxtyping import install_import_hook

if TYPE_CHECKING:
    from mixtrace.store import Evidence, StoredGraph

SOURCE = Path(__file__).resolve().parents[1] / "src"
BENCHMARKS = SOURCE.parent / "benchmarks"

# Before the first import of mixtrace: its annotations are checked on every call, in tests only.
# Packages are left out, for their names would take in all their modules: numba cannot compile a
# checked function. The numeric tower lets an int pass for a float, as the language and pyright do.
install_import_hook(
    [
        ".".join(file.relative_to(SOURCE).with_suffix("").parts)
        for file in (SOURCE / "mixtrace").rglob("*.py")
        if file.stem != "__init__" and not file.stem.endswith("_kernels")
    ],
    "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))",
)

from mixtrace.graph import ConsolePreset, Graph, build_console  # noqa: E402
from mixtrace.processors import PROCESSORS, MatrixProcessor, Settings, Values  # noqa: E402
from mixtrace.rendering import render_song  # noqa: E402
from mixtrace.session import Alignment, Session, Track  # noqa: E402

# Test tensors are small: more threads cost more than they give.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def own_interrupts() -> Iterator[None]:
    """Leave Ctrl-C to pytest: a command that has ended gives its handler away."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def two_threads() -> Iterator[None]:
    """Give the caller's thread two threads, which the machine may run in turns."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


class ToySend(MatrixProcessor):
    """A send of full level: as little as graphs, renderers and reports ask of one."""

    kind = "toy_send"
    letter = "t"
    label = "toy send"
    family = "space"
    widens = False
    removal = "cut"
    params = ()

    def matrix(self, values: Values) -> torch.Tensor:
        """Return nothing to work on: a test that hears it gives it no weight."""
        raise NotImplementedError


@pytest.fixture
def toy_send(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the kind of a send, which is registered for one test."""
    monkeypatch.setitem(PROCESSORS._entries, ToySend.kind, ToySend())
    return ToySend.kind


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real songs; skip the test where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the songs of docs/results.md are absent: expected a folder ../shared/data")
    return folder


@pytest.fixture(scope="session")
def benchmark_module() -> Callable[[str], ModuleType]:
    """Return a function that imports a module of benchmarks/, which is no package, by name."""

    def load(name: str) -> ModuleType:
        sys.path.insert(0, str(BENCHMARKS))
        try:
            return importlib.import_module(name)
        finally:
            sys.path.remove(str(BENCHMARKS))

    return load


@pytest.fixture
def tiny_song(tmp_path: Path) -> Path:
    """Return a folder with three tracks of noise and their sum, 5 s at 22.05 kHz."""
    rate, rng = 22_050, np.random.default_rng(0)
    folder = tmp_path / "tiny song"
    (folder / "tracks").mkdir(parents=True)
    swell = np.abs(np.sin(np.linspace(0.0, 9.0, 5 * rate)))[:, None]
    mix = np.zeros((5 * rate, 2))
    for name, channels in (("01_Kick", 1), ("02_Bass", 1), ("03_Voice", 2)):
        audio = 0.1 * swell * rng.standard_normal((5 * rate, channels))
        soundfile.write(folder / "tracks" / f"{name}.wav", audio, rate, subtype="FLOAT")
        mix += audio
    soundfile.write(folder / "mix.wav", mix, rate, subtype="FLOAT")
    return folder


@pytest.fixture
def stored_graph() -> "StoredGraph":
    """Return a console of the tiny song, master chain included, with random settings in range."""
    from consoles import STUDIO

    from mixtrace.graph import build_console
    from mixtrace.processors import Settings, processor
    from mixtrace.session import Alignment
    from mixtrace.store import StoredGraph, StoredTrack

    names = (("01_Kick", "drums"), ("02_Bass", "bass"), ("03_Voice", "vocals"))
    graph = build_console(names, STUDIO)
    counts = {kind: len(graph.of_kind(kind)) for kind in graph.kinds()}
    noise = torch.Generator().manual_seed(0)
    values = {
        kind: {
            spec.name: spec.physical(
                spec.init + 0.5 * torch.randn((count, *spec.shape), generator=noise)
            )
            for spec in processor(kind).params
        }
        for kind, count in counts.items()
    }
    wet = {kind: torch.rand(count, generator=noise) for kind, count in counts.items()}
    tracks = tuple(
        StoredTrack(name, group, Alignment(delay_s, polarity, 0.9, drift_ppm))
        for (name, group), delay_s, polarity, drift_ppm in zip(
            names, (0.0, -0.0123, 0.001), (1, -1, 1), (0.0, 49.97, 0.0), strict=True
        )
    )
    return StoredGraph("tiny song", tracks, graph, Settings.by_kind(graph.by_kind(), values, wet))


@pytest.fixture
def evidence(stored_graph: "StoredGraph") -> "Evidence":
    """Return made-up measurements of the graph above: 20 s of noise, an estimate 6 dB too loud at
    high frequencies, compressors that take 5 dB away half of the time.
    """
    from mixtrace.store import Evidence

    rng = np.random.default_rng(0)
    graph = stored_graph.graph
    dynamics = [*graph.of_kind("one_pole_compressor"), *graph.of_kind("one_pole_gate")]
    target_db = rng.integers(-120, -60, (2, 40, 200)) / 2.0
    estimate_db = target_db + np.where(np.arange(40) < 30, 0.0, 6.0)[:, None]
    gain_db = np.zeros((len(dynamics), 400))
    gain_db[:, 200:] = -5.0
    return Evidence(
        frame_s=0.1,
        curve_s=0.05,
        bands_hz=np.geomspace(25.0, 20_000.0, 41).astype(np.float32),
        spectra_db=np.stack([target_db, estimate_db]).astype(np.float32),
        window_losses=np.array([0.3, 0.9, 0.5], np.float32),
        track_spectra_db=np.full((3, 2, 40), -40.0, np.float32),
        track_sides_db=np.full((3, 2, 2), -20.0, np.float32),
        dynamics=np.array(dynamics, np.int64),
        input_db=np.full_like(gain_db, -20.0, np.float32),
        gain_db=gain_db.astype(np.float32),
        increases=np.linspace(-0.01, 0.5, len(graph.processors)).astype(np.float32),
    )


@pytest.fixture
def write_result(stored_graph: "StoredGraph", evidence: "Evidence") -> Callable[..., Path]:
    """Return a function that writes the result of a fit that never ran, and returns its folder.

    It takes the folder, and the graph where it is not the usual one.
    """
    from mixtrace.store import (
        EVIDENCE,
        FIT,
        FIT_SCHEMA,
        GRAPH,
        METRICS,
        METRICS_SCHEMA,
        PARAMS,
        write_document,
        write_evidence,
        write_graph,
    )

    losses = {"l_a": 0.4, "l_lr": 0.3, "l_m": 0.3, "l_s": 0.7}
    levels = {
        "loudness_lufs": -16.0,
        "true_peak_dbtp": -1.0,
        "crest_factor_db": 14.0,
        "stereo_width_db": -12.0,
    }

    def write(folder: Path, stored: "StoredGraph" = stored_graph, **facts: object) -> Path:
        folder.mkdir()
        write_graph(stored, folder / GRAPH, folder / PARAMS)
        write_evidence(evidence, folder / EVIDENCE)
        measures = {
            "sample_rate_hz": 44_100,
            "published": losses,
            "eq4": losses,
            "loudness_difference_lu": 0.5,
            "target": levels,
            "estimate": levels | {"loudness_lufs": -15.5},
        }
        write_document(folder / METRICS, METRICS_SCHEMA, measures)
        content = {
            "config": {"preset": "paper", "tolerance": 0.01, "seed": 0},
            "fingerprint": "0" * 64,
            "ended": "finished",
            "why": "Nothing was left to remove.",
            "recipe": {"rounds": 12},
            "seconds": 61.0,
            "processors": {"console": 46, "kept": len(stored.graph.processors)},
            "losses": {"sum": {"published": 9.0, "eq4": 2.0}, "final": {"published": 0.4}},
            "notes": ["took mix.wav for the mix"],
            "removed": [
                {"node": 90, "kind": "noise_reverb", "name": "01_Kick", "round": 1, "loss": 0.4}
            ],
            "history": {"loss": [1.0, None, 0.5], "seconds": [0.1, 0.2, 0.3]},
        }
        write_document(folder / FIT, FIT_SCHEMA, content | facts)
        return folder

    return write


RATE_HZ = 30_000
SECONDS = 7


def noise_bursts(seed: int, low_hz: float, high_hz: float) -> np.ndarray:
    """Return a mono track [1, time] of band-limited bursts with pauses."""
    rng = np.random.default_rng(seed)
    time = RATE_HZ * SECONDS
    spectrum = np.fft.rfft(rng.standard_normal(time))
    frequency = np.fft.rfftfreq(time, 1 / RATE_HZ)
    spectrum[(frequency < low_hz) | (frequency > high_hz)] = 0.0
    audio = np.fft.irfft(spectrum, time)
    clock = np.arange(time) / RATE_HZ
    envelope = np.exp(-6.0 * np.mod(clock * (1.6 + 0.3 * seed), 1.0)) + 0.02
    audio = audio * envelope
    return (0.3 * audio / np.abs(audio).max()).astype(np.float32)[None]


def session_of(tracks: dict[str, np.ndarray], mix: np.ndarray) -> Session:
    """Return a session of tracks as they are."""
    return Session(
        name="planted",
        sample_rate_hz=RATE_HZ,
        mix=mix,
        tracks=tuple(
            Track(name, "all", audio, Alignment(), False, None, 0) for name, audio in tracks.items()
        ),
        notes=(),
    )


@pytest.fixture(scope="session")
def planted() -> tuple[Session, Graph, Settings]:
    """Return a song of two tracks, and the graph and settings that mixed it.

    Track `low` passes an equalizer (+9 dB below 1 kHz), track `high` is panned: 0 and -12 dB.
    """
    chain = ("equalizer", "gain_panning")
    graph = build_console([("low", "all"), ("high", "all")], ConsolePreset(chain, ()))
    curve = torch.zeros(2, 1024)
    curve[0, :68] = 9.0
    gain = torch.tensor([[0.0, 0.0], [0.0, -12.0]])
    settings = Settings.by_kind(
        graph.by_kind(),
        {"equalizer": {"magnitude_db": curve}, "gain_panning": {"gain_db": gain}},
        {"equalizer": torch.tensor([1.0, 0.0]), "gain_panning": torch.tensor([0.0, 1.0])},
    )
    tracks = {"low": noise_bursts(0, 60.0, 3_000.0), "high": noise_bursts(1, 800.0, 12_000.0)}
    audio = [torch.from_numpy(track) for track in tracks.values()]
    mix = render_song(graph, settings, audio, RATE_HZ).numpy()
    return session_of(tracks, mix), graph, settings
