"""In which order the channels of a mix are played, and what feeds what, by their numbers."""

from collections.abc import Sequence
from typing import Any

from mixtrace.exporting.channels import Channel
from mixtrace.exporting.pedalboard.devices import rounded

__all__ = ["feeds_of", "in_order"]


def in_order(channels: Sequence[Channel]) -> list[Channel]:
    """Return the channels, each behind those that feed it; the master stays last."""
    waiting, found = list(channels), list[Channel]()
    while waiting:
        fed = {feed.into for channel in waiting for feed in channel.feeds}
        ready = [channel for channel in waiting if channel.name not in fed]
        found += ready
        waiting = [channel for channel in waiting if channel.name in fed]
    return found


def feeds_of(channels: Sequence[Channel], channel: Channel) -> list[dict[str, Any]]:
    """Return where the sound of a channel goes, as the player's `Feed` takes it.

    Args:
        channels: all of them, in the order in which they are played.
        channel: one of them.
    """
    numbers = {each.name: number for number, each in enumerate(channels)}
    found = []
    for feed in channel.feeds:
        into = numbers[feed.into]
        told: dict[str, Any] = {"after": feed.after, "into": into, "gain": rounded(feed.gain)}
        if feed.key_of is not None:
            told["key_of"] = channels[into].processors.index(feed.key_of)
        found.append(told)
    return found
