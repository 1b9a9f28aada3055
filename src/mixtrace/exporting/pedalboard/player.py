"""Mixes dry tracks as mixtrace found that a song was mixed, with Spotify's pedalboard.

    python mix.py                          mixes the dry tracks that lie beside it
    python mix.py TRACK TRACK .. -o OUT    mixes others, in the order of `CHANNELS`
    python mix.py --exact                  mixes with mixtrace's own equations, slowly
    python mix.py --report                 tells how far pedalboard is from them, device by device

It needs pedalboard, numpy and scipy. Every channel has a chain of devices, and feeds others. What
pedalboard has is pedalboard's, with settings in its conventions; the classes below stand in for
what it has not. Where pedalboard has something that works otherwise, `Either` holds both.
"""

import argparse
import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NoReturn, Protocol

import numpy as np
import pedalboard
import scipy.io.wavfile
import scipy.ndimage
import scipy.signal
from pedalboard.io import AudioFile

HERE = Path(__file__).resolve().parent
RATE_HZ = 48_000
ROOM = 8_192
"""Samples of silence around the song, in which filters ring that act before time zero."""

Audio = np.ndarray
"""[2, time], 32-bit floating point."""


class Device(Protocol):
    """What turns audio into audio, listening to a key where it has one."""

    def __call__(self, audio: Audio, key: Audio | None) -> Audio:
        """Return as much audio as came."""
        ...


@dataclass
class Board:
    """Plug-ins of pedalboard in a row."""

    plugins: Sequence[Any]

    def __call__(self, audio: Audio, key: Audio | None) -> Audio:
        """Return the audio behind the last of them."""
        output = audio.astype(np.float32)
        for plugin in self.plugins:
            output = plugin(output, RATE_HZ)
        return output


@dataclass
class Row:
    """Devices in a row, mixed with the sound that enters them."""

    devices: Sequence[Device]
    wet: float = 1.0

    def __call__(self, audio: Audio, key: Audio | None) -> Audio:
        """Return (1 - wet) of what enters and wet of what leaves."""
        output = audio
        for device in self.devices:
            output = device(output, key)
        return (1.0 - self.wet) * audio + self.wet * output


@dataclass
class Either:
    """What pedalboard has for a device, and the device itself."""

    pedalboards: Device
    own: Device
    exact: ClassVar[bool] = False

    def __call__(self, audio: Audio, key: Audio | None) -> Audio:
        """Return what the one that is asked for makes of the audio."""
        return (self.own if Either.exact else self.pedalboards)(audio, key)


@dataclass
class Matrix:
    """Gains from left and right to left and to right: pan pots, balances, widths."""

    rows: Sequence[Sequence[float]]

    def __call__(self, audio: Audio, key: Audio | None) -> Audio:
        """Return the mixed channels."""
        return np.asarray(self.rows) @ audio


@dataclass
class Ride:
    """A fader that moves: straight lines in dB between moments of the song."""

    times_s: Sequence[float]
    gains_db: Sequence[float]

    def __call__(self, audio: Audio, key: Audio | None) -> Audio:
        """Return the audio under the gain."""
        moments_s = (np.arange(audio.shape[1]) - ROOM) / RATE_HZ
        return audio * 10.0 ** (np.interp(moments_s, self.times_s, self.gains_db) / 20.0)


@dataclass
class Response:
    """An impulse response in a file beside this one.

    Attributes:
        file: one channel for both sides alike, two for left and right, or four: left from left,
            left from right, right from left, right from right.
        lead_samples: how many of its samples act before time zero.
    """

    file: str
    lead_samples: int = 0

    def __call__(self, audio: Audio, key: Audio | None) -> Audio:
        """Return the convolution: by pedalboard, or by scipy where four ways meet."""
        taps, _ = read(HERE / self.file)
        padded = np.pad(audio, ((0, 0), (0, self.lead_samples)))
        if len(taps) < 4:
            # pedalboard makes every response equally loud, by an energy that it adds up sample by
            # sample in 32 bits: that is taken back.
            energy = np.cumsum(np.square(taps), 1, dtype=np.float32)[:, -1].max()
            loud_db = 20.0 * np.log10(np.sqrt(float(energy)) / 0.125)
            plugins = [pedalboard.Convolution(str(HERE / self.file)), pedalboard.Gain(loud_db)]
            wet = Board(plugins)(padded, None)
        else:
            ways = scipy.signal.oaconvolve(padded[None], taps.reshape(2, 2, -1), axes=2)
            wet = ways.sum(1)
        return wet[:, self.lead_samples : self.lead_samples + audio.shape[1]]


@dataclass
class Butterworth:
    """A pass of 12 or 24 dB an octave: pedalboard's have 6."""

    kind: str
    cutoff_hz: float
    db_per_octave: int

    def __call__(self, audio: Audio, key: Audio | None) -> Audio:
        """Return the filtered audio."""
        order = self.db_per_octave // 6
        sections = scipy.signal.butter(order, self.cutoff_hz, self.kind, fs=RATE_HZ, output="sos")
        return np.asarray(scipy.signal.sosfilt(sections, audio))


@dataclass
class Saturation:
    """A tanh with drive and bias, at 176 kHz or above, as loud as it was where it is soft."""

    drive_db: float
    bias: float

    def __call__(self, audio: Audio, key: Audio | None) -> Audio:
        """Return the bent audio."""
        room, kernels = 128, doublings()
        bent = np.pad(audio.astype(float), ((0, 0), (room, room)))
        for kernel in kernels:
            bent = upsampled(bent, kernel)
        gain, tilt = 10.0 ** (self.drive_db / 20.0), np.tanh(self.bias)
        bent = np.tanh(gain * bent)
        bent = bent / (gain * (1.0 + tilt * bent))
        for kernel in reversed(kernels):
            bent = downsampled(bent, kernel)
        return bent[:, room:-room]


@dataclass
class Compressor:
    """A compressor with knee, look-ahead and RMS, which may listen to another sound."""

    threshold_db: float
    ratio: float
    knee_db: float
    attack_ms: float
    release_ms: float
    make_up_db: float
    look_ahead_ms: float
    average_ms: float
    smooths_level: bool
    linked: bool

    def __call__(self, audio: Audio, key: Audio | None) -> Audio:
        """Return the audio under the gain."""
        if self.linked or key is not None:
            gain_db = self._gain_db(audio if key is None else key)
        else:
            gain_db = np.stack([self._gain_db(side[None]) for side in audio])
        return audio * 10.0 ** (gain_db / 20.0)

    def _gain_db(self, heard: Audio) -> np.ndarray:
        energy = energy_of(longer(heard, self.look_ahead_ms), self.average_ms)
        if self.smooths_level:
            level = smoothed(np.sqrt(energy), self.attack_ms, self.release_ms)
            reduction_db = self._reduction_db(level**2)
        else:
            reduction_db = smoothed(self._reduction_db(energy), self.attack_ms, self.release_ms)
        return self.make_up_db - early(reduction_db, self.look_ahead_ms)

    def _reduction_db(self, energy: np.ndarray) -> np.ndarray:
        over_db = 10.0 * np.log10(energy + 1e-12) - self.threshold_db
        return (1.0 - 1.0 / self.ratio) * curve(over_db, self.knee_db)


@dataclass
class OnePole:
    """A compressor (direction 1) or gate (-1) whose level has one time, up and down."""

    direction: int
    threshold_db: float
    knee_db: float
    time_ms: float
    slope: float

    def __call__(self, audio: Audio, key: Audio | None) -> Audio:
        """Return the audio under the gain; below -50 dB the detector hears nothing more."""
        level_db = 10.0 * np.log10(energy_of(audio, self.time_ms) + 1e-5)
        over_db = self.direction * (level_db - self.threshold_db)
        return audio * 10.0 ** (self.slope * curve(over_db, self.knee_db) / 20.0)


@dataclass
class Gate:
    """A gate with range, hold and hysteresis, which may listen to another sound."""

    threshold_db: float
    range_db: float
    attack_ms: float
    hold_ms: float
    release_ms: float
    look_ahead_ms: float

    def __call__(self, audio: Audio, key: Audio | None) -> Audio:
        """Return the audio under the gain: it closes 3 dB below where it opens."""
        heard = longer(audio if key is None else key, self.look_ahead_ms)
        energy = latest_maximum(energy_of(heard, 0.0), self.hold_ms)
        over_db = 10.0 * np.log10(energy + 1e-12) - self.threshold_db
        opening, kept = self._slope(over_db), self._slope(over_db + 3.0)
        wanted, state = np.empty_like(over_db), 0.0
        for place, (low, high) in enumerate(zip(opening.tolist(), kept.tolist(), strict=True)):
            state = min(high, max(low, state))
            wanted[place] = state
        opened = early(smoothed(wanted, self.attack_ms, self.release_ms), self.look_ahead_ms)
        return audio * 10.0 ** (self.range_db * (1.0 - opened) / 20.0)

    @staticmethod
    def _slope(over_db: np.ndarray) -> np.ndarray:
        z = np.clip(over_db + 0.5, 0.0, 1.0)
        return z * z * (3.0 - 2.0 * z)


@dataclass
class Limiter:
    """A limiter that leaves what is soft as it is, which pedalboard's does not."""

    gain_db: float
    ceiling_db: float
    release_ms: float
    look_ahead_ms: float

    def __call__(self, audio: Audio, key: Audio | None) -> Audio:
        """Return the limited audio: no sample exceeds the ceiling."""
        ahead = round(self.look_ahead_ms * RATE_HZ / 1000.0)
        heard = longer(audio, self.look_ahead_ms)
        energy = latest_maximum(energy_of(heard, 0.0), self.look_ahead_ms)
        over_db = 10.0 * np.log10(energy + 1e-12) - (self.ceiling_db - self.gain_db)
        needed_db, pole = np.maximum(over_db, 0.0), pole_of(self.release_ms)
        held_db, state = np.empty_like(needed_db), 0.0
        for place, need in enumerate(needed_db.tolist()):
            state = max(need, pole * state + (1.0 - pole) * need)
            held_db[place] = state
        total = np.cumsum(np.concatenate([np.zeros(ahead + 1), held_db]))
        mean_db = (total[ahead + 1 :] - total[: -ahead - 1]) / (ahead + 1)
        return audio * 10.0 ** ((self.gain_db - early(mean_db, self.look_ahead_ms)) / 20.0)


def curve(over_db: np.ndarray, knee_db: float) -> np.ndarray:
    """Return what lies above a threshold, bent over the width of the knee."""
    half_db = max(0.5 * knee_db, 1e-6)
    bent_db = np.clip(over_db + half_db, 0.0, 2.0 * half_db) ** 2 / (4.0 * half_db)
    return np.where(over_db > half_db, over_db, bent_db)


def doublings() -> list[np.ndarray]:
    """Return the half-band filters that double the rate until it is 176 kHz or more."""
    count = min(max(int(np.ceil(np.log2(176_000.0 / RATE_HZ))), 1), 3)
    kernels = []
    for pairs in (40, 8, 6)[:count]:
        offset = 2.0 * np.arange(pairs) + 1.0
        window = np.i0(10.06 * np.sqrt(1.0 - (offset / (2.0 * pairs)) ** 2))
        side = np.zeros(2 * pairs)
        side[::2] = np.sinc(offset / 2.0) * window
        side /= 2.0 * side.sum()
        kernels.append(np.concatenate([side[::-1], [1.0], side]))
    return kernels


def upsampled(audio: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return the audio at twice its rate."""
    half = len(kernel) // 2
    return scipy.signal.upfirdn(kernel, audio, up=2)[:, half : half + 2 * audio.shape[1]]


def downsampled(audio: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return the audio at half its rate."""
    half = len(kernel) // 2
    return 0.5 * scipy.signal.upfirdn(kernel, audio)[:, half : half + audio.shape[1] : 2]


def energy_of(audio: Audio, average_ms: float) -> np.ndarray:
    """Return the largest square of the channels, or their mean, averaged over some time."""
    if not average_ms:
        return np.square(audio.astype(float)).max(0)
    pole, energy = pole_of(average_ms), np.square(audio.astype(float)).mean(0)
    return np.asarray(scipy.signal.lfilter([1.0 - pole], [1.0, -pole], energy))


def pole_of(time_ms: float) -> float:
    """Return the pole of a smoother that goes 63 % of the way in a time."""
    return float(np.exp(-1000.0 / (RATE_HZ * time_ms)))


def smoothed(values: np.ndarray, attack_ms: float, release_ms: float) -> np.ndarray:
    """Return values that rise with the attack and fall with the release."""
    rising, falling = pole_of(attack_ms), pole_of(release_ms)
    found, state = np.empty_like(values), 0.0
    for place, value in enumerate(values.tolist()):
        pole = rising if value > state else falling
        state = pole * state + (1.0 - pole) * value
        found[place] = state
    return found


def latest_maximum(values: np.ndarray, time_ms: float) -> np.ndarray:
    """Return at each sample the largest value of some time up to it."""
    size = round(time_ms * RATE_HZ / 1000.0) + 1
    padded = np.concatenate([np.zeros(size - 1), values])
    return scipy.ndimage.maximum_filter1d(padded, size, origin=(size - 1) // 2)[size - 1 :]


def longer(audio: Audio, time_ms: float) -> Audio:
    """Return the audio with silence behind it: what a look-ahead sees beyond the end."""
    return np.pad(audio, ((0, 0), (0, round(time_ms * RATE_HZ / 1000.0))))


def early(values: np.ndarray, time_ms: float) -> np.ndarray:
    """Return what comes some time later, without that time at the start."""
    return values[round(time_ms * RATE_HZ / 1000.0) :]


@dataclass
class Feed:
    """Where the sound of a channel goes.

    Attributes:
        after: behind how many of its devices.
        into: the number of the channel that it feeds.
        gain: an amplitude ratio.
        key_of: the number of the device there that listens to it; None where it is mixed.
    """

    after: int
    into: int
    gain: float = 1.0
    key_of: int | None = None


@dataclass
class Channel:
    """A track, bus, return or master.

    Attributes:
        name: for people.
        chain: its devices.
        feeds: where its sound goes; the last channel is the mix.
        track: the file that plays on it; None where others feed it.
    """

    name: str
    chain: Sequence[Device]
    feeds: Sequence[Feed]
    track: str | None = None


CHANNELS: Sequence[Channel] = ()


Watch = Callable[[Channel, Device, Audio, Audio | None, Audio], None]
"""Told of every device what entered it, its key, and what left it."""


def mix(tracks: Sequence[Audio], watch: Watch = lambda *told: None) -> Audio:
    """Return the mix of dry tracks, which are all as long, in the order of the channels."""
    room = ((0, 0), (ROOM, ROOM))
    silence = np.pad(np.zeros_like(tracks[0]), room)
    fed: dict[int, Audio] = {}
    keys: dict[tuple[int, int], Audio] = {}
    waiting, audio = iter(tracks), silence
    for number, channel in enumerate(CHANNELS):
        if channel.track is None:
            audio = fed.pop(number, silence)
        else:
            audio = np.pad(next(waiting), room)
        passed = [audio]
        for place, device in enumerate(channel.chain):
            entered, key = audio, keys.pop((number, place), None)
            audio = device(entered, key).astype(np.float32)
            watch(channel, device, entered, key, audio)
            passed.append(audio)
        for feed in channel.feeds:
            sent = np.float32(feed.gain) * passed[feed.after]
            if feed.key_of is None:
                fed[feed.into] = fed.get(feed.into, silence) + sent
            else:
                place = (feed.into, feed.key_of)
                keys[place] = keys.get(place, silence) + sent
    return audio[:, ROOM:-ROOM]


def report(tracks: Sequence[Audio]) -> None:
    """Print how far each of pedalboard's devices is from the one it stands for."""

    def watch(
        channel: Channel, device: Device, entered: Audio, key: Audio | None, left: Audio
    ) -> None:
        Either.exact = False
        other = device(entered, key)
        Either.exact = True
        if not np.array_equal(other.astype(np.float32), left):
            print(f"{difference_db(other, left):7.1f} dB  {channel.name}: {kind_of(device)}")

    Either.exact = True
    exact = mix(tracks, watch)
    Either.exact = False
    print(f"{difference_db(mix(tracks), exact):7.1f} dB  the mix")


def kind_of(device: Any) -> str:
    """Return what a device is called, or what pedalboard's plug-ins in it are, each once."""
    if isinstance(device, Either):
        return kind_of(device.pedalboards)
    inside = device.devices if isinstance(device, Row) else getattr(device, "plugins", None)
    if inside is None:
        return type(device).__name__
    return ", ".join(dict.fromkeys(map(kind_of, inside)))


def difference_db(audio: Audio, reference: Audio) -> float:
    """Return the energy of a difference over that of the reference, in dB."""
    return float(
        20.0 * np.log10(np.linalg.norm(audio - reference) / (np.linalg.norm(reference) + 1e-30))
    )


def read(path: Path) -> tuple[np.ndarray, int]:
    """Return the audio of a file, [channel, time], and its rate."""
    try:
        with AudioFile(str(path)) as file:
            return file.read(file.frames), round(file.samplerate)
    except (OSError, ValueError, RuntimeError) as error:
        fail(f"Expected an audio file at {path}; it cannot be read ({error}).")


def stereo(paths: Sequence[Path]) -> list[Audio]:
    """Return the audio of files, all as long as the longest."""
    found = []
    for path in paths:
        audio, rate_hz = read(path)
        if rate_hz != RATE_HZ or len(audio) > 2:
            fail(
                f"Expected one or two channels at {RATE_HZ} Hz in {path}; it has {len(audio)} at "
                f"{rate_hz} Hz. Convert it."
            )
        found.append(np.broadcast_to(audio, (2, audio.shape[1])))
    length = max(audio.shape[1] for audio in found)
    return [np.pad(audio, ((0, 0), (0, length - audio.shape[1]))) for audio in found]


def main() -> None:
    """Mix what the command line names."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # names hold what not every terminal can show
        sys.stdout.reconfigure(errors="replace")
    parser = argparse.ArgumentParser(description="Mix dry tracks.")
    parser.add_argument("tracks", nargs="*", type=Path, help="others than those beside it")
    parser.add_argument("-o", "--output", type=Path, default=Path("out.wav"))
    parser.add_argument("--exact", action="store_true", help="mixtrace's own equations, slowly")
    parser.add_argument("--report", action="store_true", help="how far pedalboard is from them")
    chosen = parser.parse_args()
    own = [HERE / channel.track for channel in CHANNELS if channel.track is not None]
    if chosen.tracks and len(chosen.tracks) != len(own):
        names = ", ".join(channel.name for channel in CHANNELS if channel.track is not None)
        fail(
            f"Expected {len(own)} tracks; got {len(chosen.tracks)}. "
            f"Give a file for each of: {names}."
        )
    if not chosen.report and not chosen.output.absolute().parent.is_dir():
        fail(
            f"Expected a folder at {chosen.output.parent} to write to; there is none. "
            "Make it first."
        )
    tracks = stereo(chosen.tracks or own)
    if chosen.report:
        report(tracks)
        return
    Either.exact = chosen.exact
    mixed = np.ascontiguousarray(mix(tracks).T, np.float32)
    try:
        scipy.io.wavfile.write(chosen.output, RATE_HZ, mixed)
    except OSError as error:
        fail(
            f"Expected to write {chosen.output}; it failed: {error.strerror}. Choose another name."
        )


def fail(message: str) -> NoReturn:
    """End the program, saying why in a sentence."""
    print(message, file=sys.stderr)
    raise SystemExit(2)
