"""The tracks of one song mixed so that they sound like another song: features, not samples."""

from mixtrace.transferring.config import TransferConfig
from mixtrace.transferring.search import Transferred, transfer_features
from mixtrace.transferring.start import equal_loudness

__all__ = ["TransferConfig", "Transferred", "equal_loudness", "transfer_features"]
