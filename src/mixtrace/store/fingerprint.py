"""What tells one fit from another: the version, the choices and the very samples."""

import hashlib
import json
from importlib.metadata import PackageNotFoundError, version
from itertools import chain

import numpy as np

from mixtrace.session import Session
from mixtrace.store.files import JSON

__all__ = ["mixtrace_version", "session_fingerprint"]


def mixtrace_version() -> str:
    """Return the version of the installed package."""
    try:
        return version("mixtrace")
    except PackageNotFoundError:
        return "not installed"


def session_fingerprint(session: Session, config: dict[str, JSON]) -> str:
    """Return 64 hexadecimal digits that change with anything that can change a fit's outcome.

    Args:
        session: the song as it is fitted; its audio takes in rate, alignment and cropping.
        config: what the user chose, as JSON values.
    """
    names = [[track.name, track.group] for track in session.tracks]
    facts = [mixtrace_version(), config, session.sample_rate_hz, names]
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for audio in chain((session.mix,), session.audio):
        digest.update(str(audio.shape).encode())
        digest.update(np.ascontiguousarray(audio).data)
    return digest.hexdigest()
