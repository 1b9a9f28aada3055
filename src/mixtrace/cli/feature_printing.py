"""The features of mixes, what models of hearing say, and folders of mixes, on standard output."""

from typing import TYPE_CHECKING

from rich.text import Text

from mixtrace.cli.tables import plain_table, standard_output

if TYPE_CHECKING:
    from mixtrace.metrics import Features, Perceptual
    from mixtrace.verbs import Evaluated

__all__ = ["print_evaluated", "print_features", "print_perceptual"]

_UNITS = {"lufs": "LUFS", "dbfs": "dBFS", "hz": "Hz", "db": "dB"}
_COLUMNS = (
    ("L_a", "l_a", 4),
    ("eq. (4)", "l_a_eq4", 4),
    ("MAE", "mae", 4),
    ("MRSD", "mrsd", 3),
    ("SI-SDR dB", "si_sdr_db", 1),
    ("loudness LU", "loudness_difference_lu", 1),
    ("loudness %", "loudness_error_percent", 1),
    ("spectrum %", "spectrum_error_percent", 1),
    ("panning %", "panning_error_percent", 1),
    ("dynamics %", "dynamics_error_percent", 1),
)
_MORE_COLUMNS = (
    ("seen L_a", "l_a_seen", 4),
    ("unseen L_a", "l_a_unseen", 4),
    ("PESQ", "pesq_mos", 2),
    ("STOI", "stoi", 3),
    ("ViSQOL", "visqol_mos", 2),
)


def print_features(features: "Features | None", *, each: bool) -> None:
    """Print how far groups of features are off, on request each feature of both mixes."""
    from mixtrace.metrics import FEATURES

    console = standard_output()
    if features is None:
        console.print("The target is silent: it has no features.")
        return
    if not each:
        table = plain_table("features", "off by")
        for group in FEATURES:
            table.add_row(group, _number(features.mean_error_percent[group], 1, " %"))
        console.print(table)
        return
    table = plain_table("feature", "target", "estimate", "off by")
    for group, names in FEATURES.items():
        table.add_row(group, "", "", _number(features.mean_error_percent[group], 1, " %"))
        for name in names:
            label, unit, digits = _told(name)
            feature = features.named[name]
            values = (f"{value:.{digits}f}{unit}" for value in (feature.target, feature.estimate))
            table.add_row(f"  {label}", *values, _number(feature.error_percent, 1, " %"))
    console.print(table)


def print_perceptual(perceptual: "Perceptual") -> None:
    """Print what models of hearing say, and which were not asked."""
    table = plain_table("model of hearing", "score", "best")
    for name, score, digits, best in (
        ("PESQ", perceptual.pesq_mos, 2, "4.64"),
        ("STOI", perceptual.stoi, 3, "1"),
        ("ViSQOL", perceptual.visqol_mos, 2, "5"),
    ):
        table.add_row(name, _number(score, digits), best)
    console = standard_output()
    console.print(table)
    if perceptual.missing:
        packages = " ".join(perceptual.missing)
        console.print(f"Not all are installed; add what is missing with: pip install {packages}")


def print_evaluated(evaluated: "Evaluated") -> None:
    """Print a row for each pair of files, their means, and the files that have no partner."""
    means = evaluated.means()
    columns = [*_COLUMNS, *(column for column in _MORE_COLUMNS if column[1] in means)]
    table = plain_table("file", *(label for label, _, _ in columns))
    for row in evaluated.rows():
        numbers = (_number(row[key], digits) for _, key, digits in columns)
        table.add_row(Text(row["file"]), *numbers)
    table.add_section()
    table.add_row("mean", *(_number(means[key], digits) for _, key, digits in columns))
    console = standard_output()
    console.print(table)
    for name, found in evaluated.pairs.items():
        if found.compared.target_s != found.compared.estimate_s:
            console.print(Text(f"{name}: {found.compared.words}"))
    console.print("L_a leaves out the first second of every pair.")
    for file in evaluated.alone:
        console.print(Text(f"Left out, for there is none of its name in the other folder: {file}"))


def _told(name: str) -> tuple[str, str, int]:
    """Return a feature's label, unit and digits.

    >>> _told("centroid_hz"), _told("panning_rms_low")
    (('centroid', ' Hz', 0), ('panning rms low', '', 3))
    """
    *words, last = name.split("_")
    if last not in _UNITS:
        return " ".join((*words, last)), "", 3
    return " ".join(words), f" {_UNITS[last]}", 0 if last == "hz" else 1


def _number(value: float | None, digits: int, unit: str = "") -> str:
    return "none" if value is None else f"{value:.{digits}f}{unit}"
