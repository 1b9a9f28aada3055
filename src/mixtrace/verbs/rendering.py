"""`render`: from a stored graph and dry tracks to the mix, its stems and what it leaves over."""

from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from torch import Tensor

from mixtrace.errors import SessionError, StoreError
from mixtrace.graph import Graph, passages
from mixtrace.progress import Progress, Steps, steps_of
from mixtrace.rendering import check_work, render_taps
from mixtrace.store import StoredGraph, file_name, find_graph, read_graph, stage
from mixtrace.store.audio_files import write_audio
from mixtrace.verbs.dry_tracks import DryTracks, read_dry_tracks, tracks_reaching
from mixtrace.verbs.outputs import check_place, named
from mixtrace.verbs.sources import differing

__all__ = ["Rendering", "render", "stored_graph"]

_STEM_BYTES = 1_000_000_000


@dataclass(frozen=True, eq=False)
class Rendering:
    """What a graph makes of its tracks.

    Attributes:
        mix: the estimate, [2, time].
        sample_rate_hz: its rate.
        files: what was written.
        notes: what of the song is not as it was at the fit, in sentences.
    """

    mix: Float[np.ndarray, "2 time"]
    sample_rate_hz: int
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def render(
    graph: Path | str,
    song: Path | str,
    output: Path | str | None = None,
    *,
    mix: Path | str | None = None,
    sample_rate_hz: int | None = None,
    stems: Path | str | None = None,
    residual: Path | str | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Rendering:
    """Mix dry tracks with a stored graph.

    Args:
        graph: a `graph.json`, or the output folder of a fit.
        song: the song, or a folder with its tracks alone, named as they were at the fit.
        output: the WAV file for the mix.
        mix: the song's mix, where names do not tell it.
        sample_rate_hz: the rate of all that is rendered; None for that of the song's mix, or of
            the first track where there is no mix.
        stems: a folder for one stereo file a track and bus, as it enters what comes after it.
        residual: the WAV file for the song's mix minus the estimate.
        on_progress: called often.

    Raises:
        MixtraceError: a graph or song that cannot be used or that do not belong together, or a
            file that cannot be written.
        OSError: a folder cannot be made.
    """
    outputs = {"": output, "residual": residual}
    files = {name: named(path) for name, path in outputs.items() if path is not None}
    stems_folder = None if stems is None else named(stems)
    _check_places(files.values(), stems_folder)
    stored = stored_graph(named(graph))
    report = steps_of(on_progress)
    mix_path = None if mix is None else Path(mix)
    dry = read_dry_tracks(named(song), stored, mix_path, sample_rate_hz, report)
    stem_files = _stem_files(stored.graph, stems_folder)
    _check_targets([*files.values(), *stem_files.values()], dry)
    if residual is not None and dry.mix is None:
        raise SessionError(
            f"Expected a song with its mix for the residual; {song} has tracks alone. "
            "Give the song's folder, or choose the mix with --mix."
        )
    channels = tuple(len(track) for track in dry.tracks)
    check_work(stored.graph, stored.settings, channels, dry.sample_rate_hz, stem_files)
    with ExitStack() as stack:
        write = _Writer(stack, dry.sample_rate_hz)
        estimate = _render_stems(stored, dry, stem_files, write, report)
        if output is not None:
            write(files[""], estimate)
        if residual is not None and dry.mix is not None:
            write(files["residual"], dry.mix - estimate)
    names = [track.name for track in stored.tracks]
    notes = differing(named(graph), names, named(song), mix_path)
    return Rendering(estimate, dry.sample_rate_hz, tuple(write.written), notes)


def stored_graph(path: Path) -> StoredGraph:
    """Return the graph of a fit's folder, or of its file.

    Raises:
        StoreError: there is none, or it cannot be used.
    """
    found = find_graph(path)
    if found is None:
        raise StoreError(
            f"Expected a graph.json or the output folder of a fit; {path} is neither. "
            "Make one with: mixtrace fit SONG -o OUT."
        )
    return read_graph(found)


def _stem_files(graph: Graph, folder: Path | None) -> dict[int, Path]:
    """Return a file for each track, bus and return, by the node its sound leaves."""
    if folder is None:
        return {}
    every = {passage.strip: passage for passage in passages(graph) if not passage.told}
    files = {}
    for word in ("track", "bus", "return"):
        wanted = [every[n] for n in graph.strips if n in every and every[n].role == word]
        for number, passage in enumerate(wanted, 1):
            files[passage.end] = folder / f"{word} {number:02d} {file_name(passage.name)}.wav"
    return files


def _check_places(files: Collection[Path], stems: Path | None) -> None:
    """Refuse, before anything is read, files and a folder that cannot be written."""
    for file in files:
        if file.is_dir():
            raise StoreError(
                f"Expected the name of a file to write; {file} is a folder. "
                "Give a name in it, such as mix.wav."
            )
        if file.suffix.lower() != ".wav":
            raise StoreError(
                f"Expected a name that ends in .wav, for a WAV file is written; got {file}. "
                f"Choose one, such as {file.stem or 'mix'}.wav."
            )
        check_place(file.parent)
    if stems is not None:
        check_place(stems)


def _check_targets(targets: Collection[Path], dry: DryTracks) -> None:
    for target in targets:
        if target.resolve() in dry.files:
            raise StoreError(
                f"Expected a new file to write to; {target} is one of the song's own files. "
                "Choose another name."
            )


class _Writer:
    """Writes audio files that appear together when the stack closes without an error."""

    def __init__(self, stack: ExitStack, sample_rate_hz: int) -> None:
        self._stack = stack
        self._rate = sample_rate_hz
        self._stages: dict[Path, Callable[[str], Path]] = {}
        self.written: list[Path] = []

    def __call__(self, path: Path, audio: Float[np.ndarray, "channel time"]) -> None:
        if path.parent not in self._stages:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._stages[path.parent] = self._stack.enter_context(stage(path.parent))
        write_audio(self._stages[path.parent](path.name), audio, self._rate)
        self.written.append(path)


def _render_stems(
    stored: StoredGraph,
    dry: DryTracks,
    stem_files: dict[int, Path],
    write: _Writer,
    report: Steps,
) -> Float[np.ndarray, "2 time"]:
    """Return the mix and write the stems, in as many passes as keep them within 1 GB.

    The first pass renders the mix; those that follow no other tracks than reach their stems.
    """
    at_once = max(1, _STEM_BYTES // (8 * dry.tracks[0].shape[-1]))
    nodes = list(stem_files)
    passes = [nodes[first : first + at_once] for first in range(0, len(nodes), at_once)] or [[]]
    mix: Tensor | None = None
    for number, taps in enumerate(passes):
        needed = [stored.graph.output, *taps] if mix is None else taps
        tracks = tracks_reaching(needed, stored.graph, dry.tracks)

        def progress(done: int, total: int, number: int = number) -> None:
            report("rendering", number * total + done, len(passes) * total)

        whole, stems = render_taps(
            stored.graph, stored.settings, tracks, dry.sample_rate_hz, taps, progress=progress
        )
        mix = whole if mix is None else mix
        for i, audio in stems.items():
            write(stem_files[i], audio.expand(2, -1).numpy())
    assert mix is not None
    return mix.numpy()
