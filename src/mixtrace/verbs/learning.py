"""`train_inference`: from a corpus of songs to a network that says the settings of mixes."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from mixtrace.datasets import Dataset, open_dataset
from mixtrace.errors import SessionError
from mixtrace.learned import NETWORKS, PretrainingConfig, pretrain, write_network
from mixtrace.methods import Work
from mixtrace.metrics import LOSS_RATE_HZ
from mixtrace.progress import OnProgress, ignored
from mixtrace.session import Session, read_session
from mixtrace.stopping import deferred
from mixtrace.store import check_folder, claimed_folder, mixtrace_version
from mixtrace.verbs.inverting import check_device
from mixtrace.verbs.outputs import check_place, named

__all__ = ["Learnt", "train_inference"]

_MOST_STEPS = 50


@dataclass(frozen=True)
class Learnt:
    """What training came to.

    Attributes:
        folder: of the network.
        songs: of the corpus.
        skipped: those that could not be used, a sentence each.
        errors: root mean square error of the numbers, which lie between -1 and 1, in the first
            steps and in the last ones.
        seconds: spent, over all resumed parts.
        stopped: whether the user stopped it before its end.
    """

    folder: Path
    songs: int
    skipped: tuple[str, ...]
    errors: tuple[float, float]
    seconds: float
    stopped: bool


def train_inference(
    corpus: Path | str,
    output: Path | str,
    *,
    dataset: str | None = None,
    config: PretrainingConfig | None = None,
    device: str = "cpu",
    fresh: bool = False,
    on_progress: OnProgress = ignored,
) -> Learnt:
    """Train the network of `Eami` on mixes of a corpus's tracks, made by numbers drawn at random.

    Ctrl-C ends it early and stores the network as it is; training that was stopped or killed goes
    on from its checkpoint when it is called again with the same arguments, and ends with the same
    weights.

    Args:
        corpus: a folder of songs, or of a data set that mixtrace reads; their mixes are not used.
        output: the folder for the network.
        dataset: which data set the corpus is; None for what it looks like.
        config: how it is trained.
        device: where the network computes, `cpu` or `cuda`; the engine works on the CPU.
        fresh: whether to start anew and to replace another network.
        on_progress: called often.

    Raises:
        MixtraceError: a corpus, a choice or a folder that cannot be used.
        OSError: the folder cannot be made.
    """
    config = config or PretrainingConfig()
    config.check()
    check_device(device)
    songs, folder = open_dataset(named(corpus), dataset), named(output)
    check_place(folder)
    check_folder(folder, NETWORKS)
    identities = songs.ids()
    fingerprint = _fingerprint(songs, identities, config)

    def opened(number: int) -> Session:
        files = songs.song(identities[number])
        return read_session(files, sample_rate_hz=LOSS_RATE_HZ, align=False)

    with claimed_folder(folder, fingerprint, fresh=fresh, results=NETWORKS) as keeper:
        work = Work(device, keeper, on_progress=on_progress)
        trained = pretrain(opened, len(identities), config, work)
        errors, seconds = _errors(trained.history["loss"]), _last(trained.history["seconds"])
        learnt = Learnt(folder, len(identities), trained.skipped, errors, seconds, trained.stopped)
        told = {"corpus": songs.title, "licence": songs.licence, **asdict(config)}
        told |= {name: value for name, value in asdict(learnt).items() if name != "folder"}
        with deferred(to_the_end=True):
            write_network(trained.network, folder, fingerprint, told)
            if not trained.stopped:
                keeper.forget_previous()
    return learnt


def _fingerprint(songs: Dataset, identities: Sequence[str], config: PretrainingConfig) -> str:
    """Return 64 hexadecimal digits that change with the choices and with the files' sizes."""
    sizes = []
    for identity in identities:
        try:
            files = songs.files(identity).paths
        except SessionError:  # whoever opens it will tell what is wrong
            files = ()
        sizes.append([[path.name, path.stat().st_size] for path in files if path.is_file()])
    facts = [mixtrace_version(), songs.name, list(identities), sizes, asdict(config)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _errors(squares: Sequence[float]) -> tuple[float, float]:
    """Return the root of the mean of the first steps' errors, and of the last ones'."""
    if not squares:
        return 0.0, 0.0
    few = max(1, min(_MOST_STEPS, len(squares) // 4))
    first, last = squares[:few], squares[-few:]
    return float(np.sqrt(np.mean(first))), float(np.sqrt(np.mean(last)))


def _last(seconds: Sequence[float]) -> float:
    return seconds[-1] if seconds else 0.0
