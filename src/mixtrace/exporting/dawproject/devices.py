"""What the format's own devices can say of our processors.

An equalizer has bands, each with a kind, an order, a frequency, a gain and a Q. A compressor has a
threshold, a ratio, attack, release and gains: no knee, no detector, no look-ahead, no side-chain
and no dry sound. What a ratio in percent means the format leaves open; here it is 100 (1 - 1 / R),
the share of what exceeds the threshold that is taken away.
"""

from xml.etree.ElementTree import Element, SubElement

from mixtrace.exporting.dawproject.xml import Ids, real, switch
from mixtrace.processors import NodeSettings, processor

__all__ = ["MOST_GAIN", "add_device", "has_device", "left_out"]

MOST_GAIN = 4.0
"""Of a volume, +12 dB, which the faders of most programs can be turned to."""

_WET = 0.9995
_KINDS = {
    "parametric_equalizer": "Equalizer",
    "compressor": "Compressor",
    "gate": "NoiseGate",
    "limiter": "Limiter",
}
_BUTTERWORTH_Q = 0.7071067812


def has_device(node: NodeSettings) -> bool:
    """Return whether the format has a device for a processor as it stands."""
    return node.kind in _KINDS and node.wet >= _WET and not node.keyed


def left_out(node: NodeSettings) -> str:
    """Return what a device does not say of a processor, in words; nothing where it says all."""
    if node.kind == "compressor":
        parts = [f"a knee of {node.number('knee_db'):.0f} dB"] if node.number("knee_db") else []
        parts += ["RMS"] if node.number("detector") > 0.5 else []
        parts += ["the level smoothed"] if node.number("smoothing") > 0.5 else []
        parts += [] if node.number("linked") > 0.5 else ["each channel by itself"]
    elif node.kind == "gate":
        parts = [f"a hold of {node.number('hold_ms'):.0f} ms"] if node.number("hold_ms") else []
    else:
        parts = []
    if node.kind in ("compressor", "gate") and node.number("look_ahead_ms"):
        parts.append(f"{node.number('look_ahead_ms'):.0f} ms of look-ahead")
    return ", ".join(parts)


def add_device(devices: Element, ids: Ids, node: NodeSettings) -> None:
    """Add the device for a processor that `has_device`."""
    tag = _KINDS[node.kind]
    facts = {"deviceName": processor(node.kind).label, "deviceRole": "audioFX", "id": ids.new()}
    device = SubElement(devices, tag, {**facts, "loaded": "true"})
    switch(device, "Enabled", True)
    if tag == "Equalizer":
        _equalizer(device, node)
        return
    if tag == "Limiter":
        # Its gain falls over the look-ahead.
        real(device, "Attack", node.number("look_ahead_ms") / 1000.0, "seconds")
        real(device, "InputGain", node.number("gain_db"), "decibel")
        real(device, "Release", node.number("release_ms") / 1000.0, "seconds")
        real(device, "Threshold", node.number("ceiling_db"), "decibel")
        return
    real(device, "Attack", node.number("attack_ms") / 1000.0, "seconds")
    if tag == "Compressor":
        switch(device, "AutoMakeup", False)
        real(device, "OutputGain", node.number("make_up_db"), "decibel")
        real(device, "Ratio", 100.0 * (1.0 - 1.0 / node.number("ratio")), "percent", (0.0, 100.0))
    else:
        real(device, "Range", node.number("range_db"), "decibel")
    real(device, "Release", node.number("release_ms") / 1000.0, "seconds")
    real(device, "Threshold", node.number("threshold_db"), "decibel")


def _equalizer(device: Element, node: NodeSettings) -> None:
    high, low = (
        round(node.number(f"{name}_db_per_octave")) // 6 for name in ("high_pass", "low_pass")
    )
    if high:
        _band(device, "highPass", node.number("high_pass_hz"), q=_BUTTERWORTH_Q, order=high)
    if node.number("low_shelf_db"):
        shelf = node.number("low_shelf_hz"), node.number("low_shelf_db")
        _band(device, "lowShelf", *shelf, q=_BUTTERWORTH_Q)
    bells = (node.array(f"bell_{name}").tolist() for name in ("hz", "db", "q"))
    for hz, db, q in zip(*bells, strict=True):
        if db:
            _band(device, "bell", hz, db, q)
    if node.number("high_shelf_db"):
        shelf = node.number("high_shelf_hz"), node.number("high_shelf_db")
        _band(device, "highShelf", *shelf, q=_BUTTERWORTH_Q)
    if low:
        _band(device, "lowPass", node.number("low_pass_hz"), q=_BUTTERWORTH_Q, order=low)


def _band(
    device: Element, kind: str, hz: float, db: float | None = None, q: float = 1.0, order: int = 2
) -> None:
    band = SubElement(device, "Band", {"type": kind, "order": str(order)})
    real(band, "Freq", hz, "hertz")
    if db is not None:
        real(band, "Gain", db, "decibel")
    real(band, "Q", q, "linear")
    switch(band, "Enabled", True)
