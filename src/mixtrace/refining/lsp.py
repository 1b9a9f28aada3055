"""What stands for a processor among the LSP plug-ins (LV2), with dials in their conventions.

What was measured of lsp-plugins 1.2.5: its filters of the kind APO take gain, frequency and Q as
ours do, its passes of the kind BWC are Butterworth's of 12 dB per octave and multiples of it; its
levels are amplitude ratios; its times are those after which 71 % of a step is gone, ours 63 %; its
knee is told by where it begins, as a ratio of the threshold; its compressor smooths the level.
"""

import math
from collections.abc import Callable, Mapping

from mixtrace.exporting.pedalboard.devices import Device, rounded
from mixtrace.processors import NodeSettings
from mixtrace.units import ratio_from_db

__all__ = ["NEEDED_PLUG_INS", "PLUG_IN", "lsp_device"]

PLUG_IN = "Lv2"
"""What a `Device` is called that is a plug-in; its settings are its `uri` and its `dials`."""

_LSP = "http://lsp-plug.in/plugins/lv2/"
_EQUALIZER, _COMPRESSOR, _GATE = (
    f"{_LSP}{name}_stereo" for name in ("para_equalizer_x16", "compressor", "gate")
)
NEEDED_PLUG_INS = (_EQUALIZER, _COMPRESSOR, _GATE)

_TIME = -math.log(1.0 - math.sqrt(0.5))
"""From the time after which 63 % of a step is gone to that after which 71 % are."""

_AVERAGE_MS = 10.0
"""The averaging time of our compressor's RMS."""

_PEAK, _RMS = 0, 1
_MIDDLE, _LOUDER = 0, 5
"""What it hears of two channels: their mean, or the louder one."""

_APO, _BUTTERWORTH = 6, 2
_BELL, _HIGH_PASS, _HIGH_SHELF, _LOW_PASS, _LOW_SHELF = 1, 2, 3, 4, 5
_SHELF_Q = math.sqrt(0.5)
_SLOPE_DB = 12
_LEAST_DB = 0.005
_LEAST_RATIO = 0.00026
"""The gate's deepest range, -72 dB."""

_Dials = dict[str, float]


def lsp_device(settings: NodeSettings) -> Device | None:
    """Return what stands for a processor; None where none of the plug-ins does.

    None stands for what listens to a key. An equalizer's passes of 6 dB per octave, which the
    plug-in has not, are pedalboard's before it.
    """
    if settings.kind not in _DEVICES or settings.keyed:
        return None
    made = _DEVICES[settings.kind](settings)
    return made if settings.wet == 1.0 else Device("Row", {"wet": rounded(settings.wet)}, (made,))


def _plug_in(uri: str, dials: Mapping[str, float]) -> Device:
    return Device(PLUG_IN, {"uri": uri, "dials": {name: rounded(v) for name, v in dials.items()}})


def _equalizer(settings: NodeSettings) -> Device:
    """Return an equalizer of up to ten of the plug-in's sixteen filters."""
    filters: list[_Dials] = []
    gentle = []
    for name, kind in (("high_pass", _HIGH_PASS), ("low_pass", _LOW_PASS)):
        slope, hz = round(settings.number(f"{name}_db_per_octave")), settings.number(f"{name}_hz")
        if slope >= _SLOPE_DB:
            steep = {"ft": kind, "fm": _BUTTERWORTH, "s": slope // _SLOPE_DB - 1, "f": hz}
            filters.append(steep)
        elif slope:
            called = f"pedalboard.{name.replace('_', '').capitalize()}Filter"
            gentle.append(Device(called, {"cutoff_frequency_hz": rounded(hz)}))
    for name, kind in (("low_shelf", _LOW_SHELF), ("high_shelf", _HIGH_SHELF)):
        hz, db = (settings.number(f"{name}_{unit}") for unit in ("hz", "db"))
        filters += _band(kind, hz, db, _SHELF_Q)
    for bell in zip(*(settings.array(f"bell_{unit}") for unit in ("hz", "db", "q")), strict=True):
        filters += _band(_BELL, *bell)
    dials = {
        f"{name}_{number}": value
        for number, each in enumerate(filters)
        for name, value in each.items()
    }
    made = _plug_in(_EQUALIZER, dials)
    return Device("Row", {}, (Device("Board", inside=tuple(gentle)), made)) if gentle else made


def _band(kind: int, hz: float, gain_db: float, q: float) -> list[_Dials]:
    if abs(gain_db) < _LEAST_DB:
        return []
    return [{"ft": kind, "fm": _APO, "f": hz, "g": ratio_from_db(gain_db), "q": q}]


def _compressor(settings: NodeSettings) -> Device:
    averaged = settings.number("detector") > 0.5
    return _plug_in(
        _COMPRESSOR,
        {
            "scm": _RMS if averaged else _PEAK,
            "scs": _MIDDLE if averaged else _LOUDER,
            "scr": _AVERAGE_MS,
            "al": ratio_from_db(settings.number("threshold_db")),
            "cr": settings.number("ratio"),
            "kn": ratio_from_db(-0.5 * settings.number("knee_db")),
            "at": _TIME * settings.number("attack_ms"),
            "rt": _TIME * settings.number("release_ms"),
            "mk": ratio_from_db(settings.number("make_up_db")),
        },
    )


def _gate(settings: NodeSettings) -> Device:
    return _plug_in(
        _GATE,
        {
            "scm": _PEAK,
            "scs": _LOUDER,
            "gt": ratio_from_db(settings.number("threshold_db")),
            "gz": 1.0,
            "gr": max(ratio_from_db(settings.number("range_db")), _LEAST_RATIO),
            "at": _TIME * settings.number("attack_ms"),
            "rt": _TIME * settings.number("release_ms"),
        },
    )


_DEVICES: Mapping[str, Callable[[NodeSettings], Device]] = {
    "parametric_equalizer": _equalizer,
    "compressor": _compressor,
    "gate": _gate,
}
"""What LSP has of what we convert."""
