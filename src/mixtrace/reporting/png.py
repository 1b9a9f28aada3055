"""Matrices as PNG pictures with a palette: 256 colours that let the page shine through.

Opacity carries the value as much as the hue does, so one picture serves a light and a dark page.
"""

import struct
import zlib

import numpy as np
from jaxtyping import Float, UInt8

__all__ = ["difference_picture", "level_picture", "share_picture"]

_LEVEL_STOPS = (
    (0.0, (72, 94, 176)),
    (0.5, (164, 62, 148)),
    (0.8, (226, 92, 72)),
    (1.0, (240, 150, 40)),
)
_SHARE = (22, 142, 152)
_LOUDER, _SOFTER = (214, 84, 32), (40, 104, 200)


def level_picture(
    level_db: Float[np.ndarray, "band frame"], low_db: float, high_db: float
) -> bytes:
    """Return a PNG of levels, the first band at the bottom; what is below `low_db` is clear."""
    return _png(_steps((level_db - low_db) / (high_db - low_db)), _level_palette())


def difference_picture(difference_db: Float[np.ndarray, "band frame"], most_db: float) -> bytes:
    """Return a PNG of differences: orange above zero, blue below, clear at zero."""
    return _png(_steps(0.5 + 0.5 * difference_db / most_db), _difference_palette())


def share_picture(share: Float[np.ndarray, "band frame"]) -> bytes:
    """Return a PNG of shares: clear at 0, full at 1, the first band at the bottom."""
    palette = np.empty((256, 4), np.uint8)
    palette[:, :3], palette[:, 3] = _SHARE, np.arange(256)
    return _png(_steps(share), palette)


def _steps(share: Float[np.ndarray, "band frame"]) -> UInt8[np.ndarray, "band frame"]:
    return np.round(255.0 * np.clip(share, 0.0, 1.0)).astype(np.uint8)[::-1]


def _level_palette() -> UInt8[np.ndarray, "256 4"]:
    share = np.linspace(0.0, 1.0, 256)
    places = [place for place, _ in _LEVEL_STOPS]
    colors = [np.interp(share, places, [stop[i] for _, stop in _LEVEL_STOPS]) for i in range(3)]
    return np.stack([*colors, 255.0 * np.minimum(1.0, share / 0.6)], 1).round().astype(np.uint8)


def _difference_palette() -> UInt8[np.ndarray, "256 4"]:
    share = np.linspace(-1.0, 1.0, 256)
    colors = np.where(share[:, None] > 0.0, _LOUDER, _SOFTER)
    return np.concatenate([colors, np.round(255.0 * np.abs(share))[:, None]], 1).astype(np.uint8)


def _png(pixels: UInt8[np.ndarray, "row column"], palette: UInt8[np.ndarray, "256 4"]) -> bytes:
    """Return an indexed PNG (PNG specification, W3C 2003: IHDR, PLTE, tRNS, IDAT, IEND)."""
    height, width = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels], 1)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", palette[:, :3].tobytes()),
            _chunk(b"tRNS", palette[:, 3].tobytes()),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
