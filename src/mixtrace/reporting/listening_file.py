"""`listen/listening.json` as a page reads it: what can be heard, with its gains and outlines."""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from mixtrace.errors import StoreError
from mixtrace.reporting.listening_writer import LISTEN, LISTENING, LISTENING_SCHEMA
from mixtrace.store import MOST_RESULT_S, Finite, Level, Name, checked, read_document

__all__ = ["Heard", "HeardStrip", "Listening", "read_listening"]

_MOST_GAIN_DB = 120.0
"""Nothing is made louder by as much: matching moves by 30 dB, coding at full scale by what is left
to the loudest sample that is read, 60 dB."""

_Gain = Annotated[float, Meta(ge=-1000.0, le=_MOST_GAIN_DB)]
_Second = Annotated[float, Meta(ge=0.0, le=MOST_RESULT_S)]
_Steps = Annotated[tuple[Annotated[int, Meta(ge=0, le=255)], ...], Meta(max_length=600)]


class Heard(Struct, frozen=True):
    """One sound.

    Attributes:
        gain_db: what its file is played with.
        loudness_lufs: of the sound in the song; None where it has none.
        match_db: what of the gain makes it as loud as the others.
        peaks: heights of its outline, in steps of the loudest, 0 to 255.
        levels: likewise, of its root mean square.
    """

    gain_db: _Gain
    loudness_lufs: Finite | None
    match_db: Level
    peaks: _Steps
    levels: _Steps


class HeardStrip(Struct, frozen=True):
    """A track, or a bus in place of its tracks.

    Attributes:
        name: as its author wrote it.
        role: what it is.
        tracks: how many are summed in it.
        dry, processed: its sounds; None where it is silent.
    """

    name: Name
    role: Literal["track", "bus"]
    tracks: Annotated[int, Meta(ge=1, le=1000)]
    dry: Heard | None
    processed: Heard | None

    @property
    def versions(self) -> dict[str, Heard | None]:
        """Both by name."""
        return {"dry": self.dry, "processed": self.processed}


class _Signals(Struct, frozen=True):
    target: Heard
    estimate: Heard
    residual: Heard
    sum: Heard


class Listening(Struct, frozen=True):
    """What can be heard of a result.

    Attributes:
        duration_s: of the song.
        span_s: start and end of the stretch in which strips can be heard.
        signals: what can be heard in full length.
        strips: the tracks or buses.
    """

    duration_s: Annotated[float, Meta(gt=0.0, le=MOST_RESULT_S)]
    span_s: tuple[_Second, _Second]
    signals: _Signals
    strips: Annotated[tuple[HeardStrip, ...], Meta(max_length=1000)]


def read_listening(folder: Path) -> Listening:
    """Return what the folder of a fit says can be heard of it.

    Raises:
        StoreError: the document is damaged or of another version.
    """
    path = folder / LISTEN / LISTENING
    listening = checked(read_document(path, LISTENING_SCHEMA), Listening, path)
    first_s, end_s = listening.span_s
    if not first_s < end_s:
        raise StoreError(
            f"Expected a span in {path} that ends after it begins; it goes from {first_s:g} to "
            f"{end_s:g} s. Fit the song again."
        )
    return listening
