"""`evaluate`: how well mixes match, two files or two folders of them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mixtrace.errors import AudioError, StoreError
from mixtrace.losses import WARM_UP_S
from mixtrace.metrics import FEATURES, Evaluation, evaluate_match
from mixtrace.names import printable
from mixtrace.progress import OnProgress, ignored, steps_of
from mixtrace.session.audio import Recording, read_recording
from mixtrace.session.containers import AUDIO_SUFFIXES
from mixtrace.store import is_plain_file, put, read_head, stage
from mixtrace.unseen import Unseen
from mixtrace.verbs.outputs import check_place, named
from mixtrace.verbs.tables import csv_table

__all__ = ["Evaluated", "evaluate", "evaluate_folders", "stereo"]

_TABLE_HEAD = b"file,l_a,l_a_eq4,mae,mrsd,"


@dataclass(frozen=True)
class Evaluated:
    """Pairs of files of one name, in two folders.

    Attributes:
        pairs: What was measured, by the name of the files without its ending.
        alone: Files that have no partner in the other folder.
    """

    pairs: dict[str, Evaluation]
    alone: tuple[str, ...]

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each pair: plain numbers, None for what it does not have, and words."""
        return [
            {"file": name, **_row(found), "compared": found.compared.words}
            for name, found in self.pairs.items()
        ]

    def means(self) -> dict[str, float | None]:
        """Return the mean of each number over the pairs that have it."""
        rows = [_row(found) for found in self.pairs.values()]
        return {name: _mean([row[name] for row in rows]) for name in rows[0]}


def evaluate(
    target: Path | str,
    estimate: Path | str,
    *,
    unseen: str | None = None,
    perceptual: bool = False,
) -> Evaluation:
    """Measure how well one mix matches another.

    Both are compared at the target's rate from their first samples on; mono counts as two equal
    channels, and where one is longer, the other is silent. `compared` tells what was left out.

    Args:
        target: the mix to match.
        estimate: the attempt.
        unseen: what to measure apart from the rest, as `fit` takes it.
        perceptual: whether to ask models of hearing too: PESQ, STOI and ViSQOL.

    Raises:
        AudioError: a file that cannot be used or is not longer than a second, or no model of
            hearing is installed.
        MixtraceError: nothing that can be measured apart.
    """
    apart = None if unseen is None else Unseen.parse(unseen)
    reference = read_recording(named(target))
    rate = reference.file_rate_hz
    attempt = read_recording(named(estimate), rate)
    _check_length(target, reference)
    _check_length(estimate, attempt)
    return evaluate_match(
        target=stereo(reference.audio),
        estimate=stereo(attempt.audio),
        sample_rate_hz=rate,
        unseen=apart,
        perceptual=perceptual,
    )


def evaluate_folders(
    targets: Path | str,
    estimates: Path | str,
    *,
    unseen: str | None = None,
    perceptual: bool = False,
    table: Path | str | None = None,
    on_progress: OnProgress = ignored,
) -> Evaluated:
    """Measure how well the mixes in one folder match those of the same name in another.

    Args:
        targets: the folder of mixes to match.
        estimates: the folder of attempts; the endings of their names may differ (.wav, .flac).
        unseen: what to measure apart from the rest, as `fit` takes it.
        perceptual: whether to ask models of hearing too.
        table: where to write a row for each pair as CSV, in the place of an earlier one at most.
        on_progress: called after each pair.

    Raises:
        AudioError: no pair, two files of one name in a folder, or a file that cannot be used.
        StoreError: the table cannot be written.
        MixtraceError: nothing that can be measured apart.
    """
    file = None if table is None else named(table)
    if file is not None:
        _check_table(file)
    ours, theirs = _audio_files(named(targets)), _audio_files(named(estimates))
    both = [name for name in ours if name in theirs]
    if not both:
        raise AudioError(
            f"Expected audio files of the same names in {targets} and {estimates}; there is no "
            "such pair. Name each estimate as its target."
        )
    report, pairs = steps_of(on_progress), {}
    for done, name in enumerate(both, 1):
        choices: dict[str, Any] = {"unseen": unseen, "perceptual": perceptual}
        pairs[printable(name)] = evaluate(ours[name], theirs[name], **choices)
        report("measuring", done, len(both))
    lonely = [path for name, path in (ours | theirs).items() if name not in both]
    found = Evaluated(pairs, tuple(printable(str(path)) for path in lonely))
    if file is not None:
        with stage(file.parent) as part_of:
            put(part_of(file.name), csv_table(found.rows()))
    return found


def _check_length(file: Path | str, recording: Recording) -> None:
    """Refuse a file of which L_a would count nothing, or nothing but padding."""
    if recording.duration_s <= WARM_UP_S:
        raise AudioError(
            f"Expected a target and an estimate of more than {WARM_UP_S:g} s each, for the first "
            f"second is not counted; {printable(str(file))} has {recording.duration_s:.3g} s. "
            "Give longer files."
        )


def _audio_files(folder: Path) -> dict[str, Path]:
    """Return the audio files that lie in a folder, by their names without endings."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in AUDIO_SUFFIXES or path.name.startswith("."):
            continue
        if path.stem in found:
            raise AudioError(
                f"Expected one file of each name in {folder}; there are {found[path.stem].name} "
                f"and {path.name}. Move one of them away."
            )
        found[path.stem] = path
    return found


def _check_table(file: Path) -> None:
    """Refuse a place where another file than such a table lies."""
    check_place(file.parent)
    if not file.parent.is_dir():
        raise StoreError(f"Expected the folder {file.parent} for the table; make it first.")
    earlier = is_plain_file(file) and read_head(file, len(_TABLE_HEAD)) == _TABLE_HEAD
    if os.path.lexists(file) and not earlier:
        raise StoreError(
            f"Expected no file at {file}, or an earlier table of evaluate; there is one that "
            "mixtrace did not write. Choose another name."
        )


def _row(found: Evaluation) -> dict[str, float | None]:
    """Return the numbers of one match."""
    row: dict[str, float | None] = {
        "l_a": found.published.l_a,
        "l_a_eq4": found.eq4.l_a,
        "mae": found.mae,
        "mrsd": found.mrsd,
        "loudness_difference_lu": found.loudness_difference_lu,
        "si_sdr_db": found.si_sdr_db,
    }
    if found.held_out is not None:
        row["l_a_seen"] = found.held_out.seen.published.l_a
        row["l_a_unseen"] = found.held_out.unseen.published.l_a
    if found.perceptual is not None:
        row |= {name: getattr(found.perceptual, name) for name in _PERCEPTUAL}
    features = found.features
    for group in FEATURES:
        row[f"{group}_error_percent"] = features and features.mean_error_percent[group]
    for name in (name for group in FEATURES.values() for name in group):
        for kind in ("target", "estimate", "error_percent"):
            row[f"{name}_{kind}"] = features and getattr(features.named[name], kind)
    return row


_PERCEPTUAL = ("pesq_mos", "stoi", "visqol_mos")


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def stereo(audio: np.ndarray) -> np.ndarray:
    """Return both channels of a recording, [2, time]; a single one stands for two."""
    return np.repeat(audio, 2, axis=0) if len(audio) == 1 else audio
