"""What every test shares: run-time shape checks, one thread, a tiny song, the real songs."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
import torch
from jaxtyping import install_import_hook

if TYPE_CHECKING:
    from mixtrace.store import StoredGraph

SOURCE = Path(__file__).resolve().parents[1] / "src"

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
from mixtrace.processors import Settings  # noqa: E402
from mixtrace.render import render_song  # noqa: E402
from mixtrace.session import Alignment, Session, Track  # noqa: E402

# Test tensors are small: more threads cost more than they give.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real songs; skip the test where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real songs are absent: expected a folder ../shared/data")
    return folder


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
    """Return the studio console of the tiny song with random settings in range."""
    from mixtrace.graph import CONSOLES, build_console
    from mixtrace.processors import Settings, processor
    from mixtrace.session import Alignment
    from mixtrace.store import StoredGraph, StoredTrack

    names = (("01_Kick", "drums"), ("02_Bass", "bass"), ("03_Voice", "vocals"))
    graph = build_console(names, CONSOLES["studio"])
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
        StoredTrack(name, group, Alignment(delay_s, polarity, 0.9))
        for (name, group), delay_s, polarity in zip(
            names, (0.0, -0.0123, 0.001), (1, -1, 1), strict=True
        )
    )
    return StoredGraph("tiny song", tracks, graph, Settings(values, wet))


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
    settings = Settings(
        {"equalizer": {"magnitude_db": curve}, "gain_panning": {"gain_db": gain}},
        {"equalizer": torch.tensor([1.0, 0.0]), "gain_panning": torch.tensor([0.0, 1.0])},
    )
    tracks = {"low": noise_bursts(0, 60.0, 3_000.0), "high": noise_bursts(1, 800.0, 12_000.0)}
    audio = [torch.from_numpy(track) for track in tracks.values()]
    mix = render_song(graph, settings, audio, RATE_HZ).numpy()
    return session_of(tracks, mix), graph, settings
