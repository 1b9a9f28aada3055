"""Channels cut in two where a program has no way out of the middle of a channel."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from mixtrace.exporting.channels import Channel, Feed, distinct

__all__ = ["split"]


def split(
    channels: Sequence[Channel], cuts: Callable[[Channel], Collection[int]]
) -> tuple[Channel, ...]:
    """Return the channels, each cut where it has to be.

    What comes first becomes a channel of its own, which feeds the rest; the rest keeps the name,
    and is a bus for it.

    Args:
        channels: in any order; each part stands before the rest of its channel.
        cuts: how many processors come before each cut of a channel, never all of them.
    """
    taken = [channel.name for channel in channels]
    parts: dict[str, list[Channel]] = {}
    for channel in channels:
        parts[channel.name] = _parts(channel, sorted(cuts(channel)), taken)
        taken += [part.name for part in parts[channel.name][:-1]]
    found = []
    for own in parts.values():
        for part, rest in zip(own, [*own[1:], None], strict=True):
            feeds = [_led(feed, parts) for feed in part.feeds]
            if rest is not None:
                feeds.insert(0, Feed(len(part.processors), rest.name))
            found.append(replace(part, feeds=tuple(feeds)))
    return tuple(found)


def _parts(channel: Channel, cuts: Sequence[int], taken: Sequence[str]) -> list[Channel]:
    names = distinct([f"{channel.name} before"] * len(cuts), taken=taken)
    names.append(channel.name)
    begins, ends = [0, *cuts], [*cuts, len(channel.processors)]
    found = []
    for number, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        own = [f for f in channel.feeds if begin < f.after <= end or number == f.after == 0]
        feeds = tuple(replace(feed, after=feed.after - begin) for feed in own)
        is_master = channel.role == "master"
        role = channel.role if number == (len(cuts) if is_master else 0) else "bus"
        found.append(
            Channel(
                names[number],
                role,
                channel.input if number == 0 else None,
                channel.processors[begin:end],
                feeds,
            )
        )
    return found


def _led(feed: Feed, parts: dict[str, list[Channel]]) -> Feed:
    """Return the feed leading to the part that it is meant for."""
    own = parts.get(feed.into)
    if own is None:
        return feed
    if feed.key_of is None:
        return replace(feed, into=own[0].name)
    into = next(part.name for part in own if feed.key_of in part.processors)
    return replace(feed, into=into)
