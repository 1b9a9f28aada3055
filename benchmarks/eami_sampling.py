"""The sampling of EAMI and its ablation: none, random, of a fixed and of a decreasing width.

    python benchmarks/eami_sampling.py CORPUS WORK [--songs N] [--turns N] [--pairs N]
                                       [--seconds S] [--tracks N] [--seed N] [--output FILE.md]

CORPUS is a folder of songs, such as `mixtrace generate` writes; their mixes are not used. The first
tracks of each song that sound are mixed by numbers drawn around those at which nothing is known,
and found again by a network that trains itself on the song, once with each sampling. WORK keeps
what is done, song by song and turn by turn: killed and run again with the same arguments it goes
on.

Prints Markdown: the root mean square error of the numbers (which lie between -1 and 1), L_a, MAE
and MRSD, means over the songs. The published comparison (Zhou et al. 2024) is of another corpus,
trained on all of its songs at once, with another engine: alike in kind, not in its figures.
"""

import argparse
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.datasets import open_dataset
from mixtrace.learned import (
    DIALS,
    SAMPLINGS,
    START,
    Eami,
    EamiConfig,
    OwnEngine,
    Sampling,
    Training,
    numbers_of,
)
from mixtrace.methods import Work
from mixtrace.metrics import LOSS_RATE_HZ, measure
from mixtrace.session import Session, read_session
from mixtrace.store import Checkpoint, is_plain_file, put, stage

__all__ = ["Planted", "figures_of", "planted", "table"]

_SPREAD = 0.4
"""Of planted numbers, as wide as the first draws of the method."""
_BEFORE = "nothing found"


@dataclass(frozen=True, eq=False)
class Planted:
    """A song whose numbers are known.

    Attributes:
        session: its tracks, and the mix that the numbers make.
        numbers: that were planted.
    """

    session: Session
    numbers: Float[Tensor, "track 16"]


def planted(whole: Session, seed: int, tracks: int, seconds: float) -> Planted:
    """Return the start of a song's first tracks that sound, mixed by numbers drawn from a seed."""
    end = round(seconds * whole.sample_rate_hz)
    cut = [replace(track, kept=np.array(track.audio[:, :end])) for track in whole.tracks]
    heard = tuple(track for track in cut if track.audio.any())[:tracks]
    rng = np.random.default_rng(seed)
    drawn = torch.from_numpy(rng.standard_normal((len(heard), len(DIALS)))).float()
    numbers = (torch.tensor(START) + _SPREAD * drawn).clamp(-1.0, 1.0)
    dry = [torch.from_numpy(track.audio) for track in heard]
    mix = OwnEngine().mix(numbers, dry, whole.sample_rate_hz).numpy()
    return Planted(replace(whole, mix=mix, tracks=heard), numbers)


def figures_of(song: Planted, numbers: Float[Tensor, "track 16"]) -> dict[str, float]:
    """Return how far numbers and their mix are from the planted ones."""
    session = song.session
    dry = [torch.from_numpy(track.audio) for track in session.tracks]
    estimate = OwnEngine().mix(numbers, dry, session.sample_rate_hz).numpy()
    measures = measure(target=session.mix, estimate=estimate, sample_rate_hz=session.sample_rate_hz)
    error = float((numbers - song.numbers).square().mean().sqrt())
    loss = measures.published.l_a
    return {"numbers": error, "L_a": loss, "MAE": measures.mae, "MRSD": measures.mrsd}


def table(found: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """Return the means over songs, a row a sampling."""
    names = ("numbers", "L_a", "MAE", "MRSD")
    lines = [f"| sampling | songs | {' | '.join(names)} |", f"| --- |{' ---: |' * 5}"]
    for kind, songs in found.items():
        if songs:
            means = (np.mean([song[name] for song in songs]) for name in names)
            cells = " | ".join(f"{mean:.3f}" for mean in means)
            lines.append(f"| {kind} | {len(songs)} | {cells} |")
    return "\n".join([*lines, ""])


def _found(
    given: argparse.Namespace, songs: Sequence[tuple[str, Planted]]
) -> Iterator[tuple[str, str, dict[str, float]]]:
    """Yield the figures of every song and sampling, those that are kept among them."""
    for name, song in songs:
        start = torch.tensor(START).repeat(len(song.numbers), 1)
        yield name, _BEFORE, figures_of(song, start)
        for kind in SAMPLINGS:
            training = Training(pairs=given.pairs)
            sampling = Sampling(kind)
            config = EamiConfig(
                turns=given.turns, training=training, sampling=sampling, seed=given.seed
            )
            yield name, kind, _kept(given.work, song, config)


def _kept(work: Path, song: Planted, config: EamiConfig) -> dict[str, float]:
    """Return the figures of a song and a sampling, from where they are kept if they are."""
    mark = _mark(song, config)
    path = work / f"{mark[:16]}.json"
    if not is_plain_file(path):
        keeper = Checkpoint(work / f"{mark[:16]}.safetensors", mark)
        found = Eami(config).invert(song.session, (), Work(keeper=keeper))
        if found.ended == "stopped":
            raise SystemExit("Stopped; the same command goes on.")
        figures = figures_of(song, numbers_of(found.settings))
        with stage(work) as part_of:
            put(part_of(path.name), json.dumps(figures).encode())
        keeper.forget()
    return json.loads(path.read_text("utf-8"))


def _mark(song: Planted, config: EamiConfig) -> str:
    """Return 64 digits that change with the song, its numbers and the choices."""
    digest = hashlib.sha256(json.dumps(asdict(config)).encode())
    for audio in (song.session.mix, *song.session.audio, song.numbers.numpy()):
        digest.update(np.ascontiguousarray(audio).data)
    return digest.hexdigest()


def main() -> None:
    """Read the arguments, adapt to every song with every sampling, print."""
    parser = argparse.ArgumentParser(description="Compare the samplings of EAMI.")
    parser.add_argument("corpus", type=Path, help="folder of songs")
    parser.add_argument("work", type=Path, help="folder for what is done")
    parser.add_argument("--songs", type=int, default=20)
    parser.add_argument("--turns", type=int, default=40)
    parser.add_argument("--pairs", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--tracks", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, help="Markdown file to write as well")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    corpus = open_dataset(given.corpus)
    songs = []
    for number, name in enumerate(corpus.ids()[: given.songs]):
        whole = read_session(corpus.song(name), sample_rate_hz=LOSS_RATE_HZ, align=False)
        songs.append((name, planted(whole, given.seed + number, given.tracks, given.seconds)))
    found: dict[str, list[dict[str, float]]] = {kind: [] for kind in (_BEFORE, *SAMPLINGS)}
    for name, kind, figures in _found(given, songs):
        found[kind].append(figures)
        print(f"{name}, {kind}: L_a {figures['L_a']:.3f}", flush=True)
    text = table(found)
    print(text)
    if given.output is not None:
        given.output.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
