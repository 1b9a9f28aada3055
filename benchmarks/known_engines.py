"""The engines that make known songs: pedalboard, and Calf and LSP plug-ins through lv2apply.

Settings are physical, the same for all engines: times are those after which 63 % of a step is gone,
which every engine dials otherwise. Delays and reverbs give their wet sound alone.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from functools import cache, reduce
from pathlib import Path
from typing import Any

import numpy as np
import pedalboard
import soundfile
from jaxtyping import Float

__all__ = ["RATE_HZ", "impulse_response", "missing_plugins", "process"]

RATE_HZ = 44_100
Audio = Float[np.ndarray, "2 time"]
Effect = Mapping[str, Any]

CALF = "http://calf.sourceforge.net/plugins/"
LSP = "http://lsp-plug.in/plugins/lv2/"
_NEEDED = (f"{CALF}Compressor", f"{LSP}compressor_stereo")

_PRE_ROLL = RATE_HZ // 2  # dials of plug-ins glide to where they stand
PEDALBOARD_TIME = 2.0 * np.pi  # its coefficient is exp(-2 pi / samples)
CALF_TIME = 4.0  # its coefficient is 4 / samples
LSP_TIME = 1.228  # it dials the time to 1 - 1/sqrt(2)


@cache
def missing_plugins() -> str:
    """Return what keeps LV2 plug-ins from being used here, as a sentence; nothing if they can."""
    if shutil.which("lv2apply") is None:
        return "lv2apply (package lilv-utils) is not installed."
    known = subprocess.run(["lv2ls"], capture_output=True, text=True, check=False).stdout.split()
    absent = [uri for uri in _NEEDED if uri not in known]
    return f"The plug-in {absent[0]} is not installed." if absent else ""


def process(effect: Effect, audio: Audio) -> Audio:
    """Return what an effect makes of audio, as long as it entered and not late."""
    run = _RUNS[effect["type"], effect["engine"]]
    return run(effect, audio.astype(np.float32))


def impulse_response(effect: Effect, duration_s: float) -> Float[np.ndarray, "2 time"]:
    """Return the response of a linear effect to an impulse on both channels."""
    impulse = np.zeros((2, round(duration_s * RATE_HZ)), np.float32)
    impulse[:, 0] = 0.5
    return 2.0 * process(effect, impulse)


def _board(*plugins: pedalboard.Plugin) -> Callable[[Audio], Audio]:
    return lambda audio: reduce(lambda sound, one: one(sound, RATE_HZ), plugins, audio)


def _pedalboard_eq(effect: Effect, audio: Audio) -> Audio:
    shapes = {
        "bell": pedalboard.PeakFilter,
        "low_shelf": pedalboard.LowShelfFilter,
        "high_shelf": pedalboard.HighShelfFilter,
    }
    plugins = []
    for band in effect["bands"]:
        hz = band["frequency_hz"]
        if band["shape"] == "high_pass":
            plugins.append(pedalboard.HighpassFilter(cutoff_frequency_hz=hz))
        else:
            plugins.append(shapes[band["shape"]](hz, gain_db=band["gain_db"], q=band["q"]))
    return _board(*plugins)(audio)


def _pedalboard_compressor(effect: Effect, audio: Audio) -> Audio:
    return _made_up(
        effect,
        _board(
            pedalboard.Compressor(
                threshold_db=effect["threshold_db"],
                ratio=effect["ratio"],
                attack_ms=PEDALBOARD_TIME * effect["attack_ms"],
                release_ms=PEDALBOARD_TIME * effect["release_ms"],
            )
        )(audio),
    )


def _pedalboard_gate(effect: Effect, audio: Audio) -> Audio:
    return _board(
        pedalboard.NoiseGate(
            threshold_db=effect["threshold_db"],
            ratio=effect["ratio"],
            attack_ms=PEDALBOARD_TIME * effect["attack_ms"],
            release_ms=PEDALBOARD_TIME * effect["release_ms"],
        )
    )(audio)


def _pedalboard_saturation(effect: Effect, audio: Audio) -> Audio:
    drive_db = effect["drive_db"]
    return _board(pedalboard.Distortion(drive_db=drive_db), pedalboard.Gain(-drive_db))(audio)


def _pedalboard_delay(effect: Effect, audio: Audio) -> Audio:
    time_s, feedback = effect["time_ms"] / 1000.0, effect["feedback"]
    return _board(pedalboard.Delay(delay_seconds=time_s, feedback=feedback, mix=1.0))(audio)


def _pedalboard_reverb(effect: Effect, audio: Audio) -> Audio:
    names = ("room_size", "damping", "width")
    own = {name: effect[name] for name in names}
    return _board(pedalboard.Reverb(wet_level=1.0, dry_level=0.0, **own))(audio)


def _calf_eq(effect: Effect, audio: Audio) -> Audio:
    controls: dict[str, float] = {}
    bells = 0
    for band in effect["bands"]:
        if band["shape"] == "high_pass":
            controls |= {"hp_active": 1, "hp_freq": band["frequency_hz"], "hp_mode": 0}
            continue
        bells += band["shape"] == "bell"
        name = {"bell": f"p{bells}", "low_shelf": "ls", "high_shelf": "hs"}[band["shape"]]
        level = 10.0 ** (band["gain_db"] / 20.0)
        controls |= {f"{name}_active": 1, f"{name}_level": level, f"{name}_q": band["q"]}
        controls[f"{name}_freq"] = band["frequency_hz"]
    return _lv2(f"{CALF}Equalizer8Band", audio, **controls)


def _calf_dynamics(effect: Effect, audio: Audio, plugin: str, **more: float) -> Audio:
    return _lv2(
        f"{CALF}{plugin}",
        audio,
        threshold=10.0 ** (effect["threshold_db"] / 20.0),
        ratio=effect["ratio"],
        attack=CALF_TIME * effect["attack_ms"],
        release=CALF_TIME * effect["release_ms"],
        knee=10.0 ** (effect["knee_db"] / 20.0),
        detection=1,
        stereo_link=1,
        **more,
    )


def _calf_compressor(effect: Effect, audio: Audio) -> Audio:
    return _made_up(effect, _calf_dynamics(effect, audio, "Compressor"))


def _calf_gate(effect: Effect, audio: Audio) -> Audio:
    floor = 10.0 ** (effect["range_db"] / 20.0)
    return _calf_dynamics(effect, audio, "Gate", range=floor)


def _lsp_compressor(effect: Effect, audio: Audio) -> Audio:
    compressed = _lv2(
        f"{LSP}compressor_stereo",
        audio,
        scm=1,
        scr=effect["average_ms"],
        al=10.0 ** (effect["threshold_db"] / 20.0),
        cr=effect["ratio"],
        at=LSP_TIME * effect["attack_ms"],
        rt=LSP_TIME * effect["release_ms"],
        kn=1,
    )
    return _made_up(effect, compressed)


def _calf_delay(effect: Effect, audio: Audio) -> Audio:
    own = {"ms": effect["time_ms"], "feedback": effect["feedback"]}
    units = {"timing": 1, "time_l": 1, "time_r": 1, "subdiv": 1}
    plain = {"amount": 1, "dry": 0, "mix_mode": 0, "medium": 0, "width": 1}
    return _lv2(f"{CALF}VintageDelay", audio, **own, **units, **plain)


def _calf_reverb(effect: Effect, audio: Audio) -> Audio:
    names = ("decay_time", "hf_damp", "room_size", "diffusion", "predelay", "bass_cut")
    own = {name: effect[name] for name in (*names, "treble_cut")}
    return _lv2(f"{CALF}Reverb", audio, amount=1, dry=0, **own)


def _calf_limiter(effect: Effect, audio: Audio) -> Audio:
    def run(sound: Audio) -> Audio:
        return _lv2(
            f"{CALF}Limiter",
            sound,
            limit=10.0 ** (effect["ceiling_db"] / 20.0),
            attack=effect["look_ahead_ms"],
            release=effect["release_ms"],
            asc=0,
            auto_level=0,
        )

    quiet = np.zeros((2, RATE_HZ), np.float32)
    quiet[:, 0] = 1e-3
    late = int(np.argmax(np.abs(run(quiet)[0])))
    driven = 10.0 ** (effect["gain_db"] / 20.0) * audio
    return run(np.pad(driven, ((0, 0), (0, late))))[:, late:]


def _made_up(effect: Effect, audio: Audio) -> Audio:
    return (10.0 ** (effect["make_up_db"] / 20.0) * audio).astype(np.float32)


def _lv2(uri: str, audio: Audio, **controls: float) -> Audio:
    with tempfile.TemporaryDirectory() as folder:
        entering, leaving = Path(folder, "in.wav"), Path(folder, "out.wav")
        rolled = np.pad(audio, ((0, 0), (_PRE_ROLL, 0)))
        soundfile.write(entering, rolled.T, RATE_HZ, subtype="FLOAT")
        dials = [word for name, value in controls.items() for word in ("-c", name, repr(value))]
        command = ["lv2apply", *dials, "-i", str(entering), "-o", str(leaving), uri]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        # Calf's eight-band equalizer crashes when lv2apply lets go of it, after all is written.
        if leaving.exists() and soundfile.info(leaving).frames == rolled.shape[-1]:
            processed, _ = soundfile.read(leaving, dtype="float32", always_2d=True)
            return np.ascontiguousarray(processed.T[:, _PRE_ROLL:])
    raise SystemExit(f"Expected {uri} to run; lv2apply said: {ended.stderr.strip()}")


_RUNS: Mapping[tuple[str, str], Callable[[Effect, Audio], Audio]] = {
    ("eq", "pedalboard"): _pedalboard_eq,
    ("compressor", "pedalboard"): _pedalboard_compressor,
    ("gate", "pedalboard"): _pedalboard_gate,
    ("saturation", "pedalboard"): _pedalboard_saturation,
    ("delay", "pedalboard"): _pedalboard_delay,
    ("reverb", "pedalboard"): _pedalboard_reverb,
    ("eq", "calf"): _calf_eq,
    ("compressor", "calf"): _calf_compressor,
    ("compressor", "lsp"): _lsp_compressor,
    ("gate", "calf"): _calf_gate,
    ("delay", "calf"): _calf_delay,
    ("reverb", "calf"): _calf_reverb,
    ("limiter", "calf"): _calf_limiter,
}
