"""The errors a user can cause, one sentence each: what was expected, what came, what to do."""

__all__ = ["AudioError", "GraphError", "MixtraceError", "SessionError", "StoreError"]


class MixtraceError(ValueError):
    """A mistake in the input; the command line prints its message alone and exits with code 2."""


class AudioError(MixtraceError):
    """An audio file or buffer that cannot be used."""


class SessionError(MixtraceError):
    """A song folder or manifest that cannot be used."""


class GraphError(MixtraceError):
    """A processing graph that is not valid."""


class StoreError(MixtraceError):
    """A stored result that is missing, damaged or of another version."""
