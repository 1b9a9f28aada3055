"""Quantities in words: levels, times, frequencies, places and ratios as an engineer writes them."""

from collections.abc import Sequence

__all__ = [
    "clock",
    "counted",
    "hertz",
    "listed",
    "moved",
    "panned",
    "percent",
    "rounded_db",
    "seconds",
    "short_number",
    "signed_db",
]

_HEARD_DB = 0.05
_COARSE_DB = 1.5


def hertz(frequency_hz: float) -> str:
    """Return a frequency, rounded to two digits.

    >>> hertz(84.6), hertz(12345.0), hertz(1250.0)
    ('85 Hz', '12 kHz', '1.2 kHz')
    """
    rounded = float(f"{frequency_hz:.2g}")
    return f"{rounded:.0f} Hz" if rounded < 1000.0 else f"{rounded / 1000.0:g} kHz"


def signed_db(level_db: float) -> str:
    """Return a level with its sign; nothing smaller than 0.1 dB has one.

    >>> signed_db(2.04), signed_db(-0.01)
    ('+2.0 dB', '0.0 dB')
    """
    return "0.0 dB" if abs(level_db) < _HEARD_DB else f"{level_db:+.1f} dB"


def rounded_db(level_db: float) -> str:
    """Return a level with its sign, in whole dB where it is not small.

    >>> rounded_db(-6.4), rounded_db(1.2)
    ('-6 dB', '+1.2 dB')
    """
    return signed_db(level_db) if abs(level_db) < _COARSE_DB else f"{level_db:+.0f} dB"


def seconds(time_s: float) -> str:
    """Return a short time, rounded to two digits.

    >>> seconds(0.0204), seconds(1.26), seconds(0.00012)
    ('20 ms', '1.3 s', '0.12 ms')
    """
    rounded = float(f"{time_s:.2g}")
    return f"{rounded:g} s" if rounded >= 1.0 else f"{float(f'{1000.0 * rounded:.2g}'):g} ms"


def clock(time_s: float) -> str:
    """Return a moment of the song.

    >>> clock(106.04)
    '1:46.0'
    """
    minutes, tenths = divmod(round(10.0 * time_s), 600)
    return f"{minutes}:{tenths / 10.0:04.1f}"


def panned(place: float) -> str:
    """Return a place between -1 (left) and +1 (right) in words.

    >>> panned(-0.3), panned(1.0)
    ('panned 30 % left', 'panned 100 % right')
    """
    return f"panned {100.0 * abs(place):.0f} % {'right' if place > 0.0 else 'left'}"


def percent(share: float) -> str:
    """Return a share in per cent, rounded to two digits.

    >>> percent(0.1234), percent(1.204), percent(0.00016)
    ('12 %', '120 %', '0.016 %')
    """
    return f"{float(f'{100.0 * share:.2g}'):g} %"


def counted(number: int, what: str) -> str:
    """Return how many there are of a thing.

    >>> counted(1, "track"), counted(2, "track")
    ('1 track', '2 tracks')
    """
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def moved(time_s: float) -> str:
    """Return how far a track is moved, in hundredths of a millisecond or of a second.

    >>> moved(-0.001012), moved(20.0)
    ('1.01 ms earlier', '20.00 s later')
    """
    size_s = abs(time_s)
    size = f"{1000.0 * size_s:.2f} ms" if size_s < 1.0 else f"{size_s:.2f} s"
    return f"{size} {'later' if time_s > 0.0 else 'earlier'}"


def short_number(number: float) -> str:
    """Return a number with two digits.

    >>> short_number(3.95), short_number(12.3)
    ('4', '12')
    """
    return f"{float(f'{number:.2g}'):g}"


def listed(words: Sequence[str]) -> str:
    """Return words as a list that ends in "or".

    >>> listed(["EQ", "gate", "reverb"])
    'EQ, gate or reverb'
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
