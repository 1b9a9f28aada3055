"""mixtrace finds out how a mix was made: which processors sit where, with which settings."""

__all__ = ["__version__"]

__version__ = "0.1.0"
