"""What kind of audio file a file is, told by its first bytes, before any library opens it.

The name says what is taken for a track; the first bytes say who decodes it. Chunks inside chunks
are walked here where libsndfile is known to walk them for ever.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mixtrace.errors import AudioError
from mixtrace.session.opening import open_song_file

__all__ = ["AUDIO_SUFFIXES", "Opening", "look_into"]

AUDIO_SUFFIXES = frozenset(
    ".wav .wave .bwf .bwav .rf64 .w64 .aif .aiff .aifc .caf .flac .ogg .oga .opus .spx .mp3 .mp2 "
    ".au .snd .voc .sf .ircam .nist .sph .avr .paf .pvf .iff .8svx "  # libsndfile
    ".m4a .m4b .mp4 .aac .alac .wma .webm .mka .ape .wv .tta .tak .ac3 .amr .mpc "  # av
    ".sd2 .sds .dsf .dff .ra .aax .ofr .shn".split()  # audio that is refused, not passed over
)
"""The file names that are taken for audio, in lower case."""

_MOV = "mov,mp4,m4a,3gp,3g2,mj2"
_NESTED = (b"LIST", b"list", b"exif")


@dataclass(frozen=True)
class Opening:
    """How a file is to be opened.

    Attributes:
        ways: decoders to try, `soundfile` and `av`, the better one first.
        formats: what FFmpeg may take it for, in FFmpeg's names.
    """

    ways: tuple[str, ...]
    formats: str = ""


@dataclass(frozen=True)
class _Signature:
    at: int
    bytes_: bytes
    opening: Opening


_SOUNDFILE = Opening(("soundfile",))
_MPEG = Opening(("soundfile", "av"), "mp3,aac,flac,tta,ac3")
_MPEG_WITHIN = Opening(("av",), _MPEG.formats)
"""For a file whose name alone says so: libsndfile would take it for a dozen other formats."""

_SIGNATURES = (
    _Signature(0, b"RIFF", Opening(("soundfile", "av"), "wav")),
    _Signature(0, b"RIFX", _SOUNDFILE),
    _Signature(0, b"RF64", Opening(("soundfile", "av"), "wav")),
    _Signature(0, b"BW64", Opening(("soundfile", "av"), "wav")),
    _Signature(0, b"riff\x2e\x91\xcf\x11", Opening(("soundfile", "av"), "w64")),
    _Signature(0, b"FORM", Opening(("soundfile", "av"), "aiff,iff")),
    _Signature(0, b"caff", Opening(("soundfile", "av"), "caf")),
    _Signature(0, b"fLaC", _SOUNDFILE),
    _Signature(0, b"OggS", Opening(("soundfile", "av"), "ogg")),
    _Signature(0, b"ID3", _MPEG),
    _Signature(0, b".snd", Opening(("soundfile", "av"), "au")),
    _Signature(0, b"dns.", _SOUNDFILE),
    _Signature(0, b"Creative Voice File\x1a", _SOUNDFILE),
    _Signature(0, b"NIST_1A", _SOUNDFILE),
    _Signature(0, b"2BIT", _SOUNDFILE),
    _Signature(0, b" paf", _SOUNDFILE),
    _Signature(0, b"fap ", _SOUNDFILE),
    _Signature(0, b"PVF1", _SOUNDFILE),
    _Signature(0, b"\x64\xa3", _SOUNDFILE),  # IRCAM, in both orders of bytes
    _Signature(2, b"\xa3\x64", _SOUNDFILE),
    *(_Signature(4, a, Opening(("av",), _MOV)) for a in (b"ftyp", b"moov", b"mdat", b"wide")),
    _Signature(0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Opening(("av",), "asf")),
    _Signature(0, b"\x1a\x45\xdf\xa3", Opening(("av",), "matroska,webm")),
    _Signature(0, b"MAC ", Opening(("av",), "ape")),
    _Signature(0, b"wvpk", Opening(("av",), "wv")),
    _Signature(0, b"TTA1", Opening(("av",), "tta")),
    _Signature(0, b"tBaK", Opening(("av",), "tak")),
    _Signature(0, b"MPCK", Opening(("av",), "mpc8")),
    _Signature(0, b"MP+", Opening(("av",), "mpc")),
    _Signature(0, b"\x0b\x77", Opening(("av",), "ac3,eac3")),
    _Signature(0, b"#!AMR", Opening(("av",), "amr")),
)


def look_into(path: Path) -> Opening:
    """Return how a file is to be opened.

    Raises:
        AudioError: it cannot be read, is of no kind that is known, or has chunks that never end.
        SessionError: it is a pipe, a device or a socket.
    """
    try:
        with open_song_file(path) as file:
            start = file.read(32)
            opening = _opening(start, path.suffix.lower())
            if opening is None:
                kind = "it is empty" if not start else "it is of a kind that is not known"
                raise AudioError(
                    f"Expected audio (WAV, AIFF, FLAC, OGG, MP3, CAF, M4A and the like); {path} "
                    f"cannot be read: {kind}. Export it again, as WAV if in doubt."
                )
            if start[:4] in (b"RIFF", b"RF64", b"RIFX"):
                _walk_chunks(file, path, ">" if start[:4] == b"RIFX" else "<")
    except OSError as error:
        reason = error.strerror or str(error)
        raise AudioError(
            f"Expected an audio file at {path}; it cannot be read ({reason}). "
            "Mend its path or its permissions."
        ) from error
    return opening


def _opening(start: bytes, suffix: str) -> Opening | None:
    for signature in _SIGNATURES:
        if start[signature.at :].startswith(signature.bytes_):
            return signature.opening
    frame_sync = len(start) > 1 and start[0] == 0xFF and start[1] & 0xE0 == 0xE0
    if frame_sync and start[1] & 0x06 == 0:  # MPEG's layer 0 is AAC's own framing
        return Opening(("av",), "aac")
    if frame_sync:
        return _MPEG
    if start and suffix in (".mp3", ".mp2"):  # some begin with a stretch of zeros
        return _MPEG_WITHIN
    return None


def _walk_chunks(file: BinaryIO, path: Path, order: str) -> None:
    """Refuse a WAV file in whose lists a chunk claims 2 GiB or more.

    libsndfile takes such a length for a negative one, goes back by it, and does so for ever.
    """
    size = file.seek(0, 2)
    at = 12
    while at + 8 <= size:
        file.seek(at)
        name, length = struct.unpack(order + "4sI", file.read(8))
        if name == b"data" and length in (0, 0xFFFFFFFF):  # what follows was not known when written
            return
        if name in _NESTED:
            inside, end = at + 12, min(at + 8 + length, size)
            while inside + 8 <= end:
                file.seek(inside)
                _inner, claimed = struct.unpack(order + "4sI", file.read(8))
                if claimed >= 1 << 31:
                    raise AudioError(
                        f"Expected chunks that lie inside their file; one in {path} claims "
                        f"{claimed} bytes of {size}. Export it again."
                    )
                inside += 8 + claimed + claimed % 2
        at += 8 + length + length % 2
