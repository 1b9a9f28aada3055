"""What a channel's sound passes in Ardour, in order: plug-ins, sends, and its own fader."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mixtrace.exporting.ardour.devices import SIDES, device
from mixtrace.exporting.ardour.plugins import Knob, LuaPlugin, Plugin
from mixtrace.exporting.channels import Channel, Feed
from mixtrace.exporting.project import Project
from mixtrace.exporting.rides import Line
from mixtrace.processors import AutomationProcessor, processor

__all__ = ["CENTRE", "MOST_GAIN", "Chain", "Fader", "Keyed", "chains_of", "too_much"]

CENTRE = 0.5
"""Where a pan pot stands in the middle."""

MOST_GAIN = 2.0
"""As far as Ardour's faders go, +6 dB."""

_PLACERS = ("fader", "gain_panning")

_SILENCE = LuaPlugin(
    "sends alone",
    "Lets nothing through: this channel is heard by its sends. Ardour times by where a channel's "
    "output leads.",
    ("matrix",),
    tuple(Knob(name, name.replace("_", " "), 0.0, -1.0, 1.0) for name in SIDES),
)
"""Stands at the end of what no channel hears directly: an output that leads nowhere would be left
out where Ardour plans how early it has to begin."""


@dataclass(frozen=True)
class Fader:
    """The channel's own fader and pan pot.

    Attributes:
        gain: its level, an amplitude ratio.
        balance: 0 is left, 1 right.
        ride: what moves it; None where it stands still.
    """

    gain: float = 1.0
    balance: float = CENTRE
    ride: Line | None = None


@dataclass(frozen=True)
class Keyed:
    """A plug-in with a side-chain.

    Attributes:
        plugin: it.
        node: the number of its processor.
    """

    plugin: Plugin
    node: int


Chain = list[Plugin | Keyed | Feed | Fader]
"""A channel's entries in order; the fader is among them once."""


def too_much(project: Project, channel: Channel) -> list[int]:
    """Return the rides that a channel's one fader cannot make: all but the last, or too loud."""
    kinds = {i: processor(project.graph.nodes[i].kind) for i in channel.processors}
    rides = [i for i, entry in kinds.items() if isinstance(entry, AutomationProcessor)]
    return [i for i in rides if i != rides[-1] or _most_gain(project, i) > MOST_GAIN]


def _most_gain(project: Project, node: int) -> float:
    ride = device(project, node)
    assert isinstance(ride, Line)
    return float(ride.gain(ride.bends_s).max())


def chains_of(project: Project, channels: Sequence[Channel]) -> dict[str, Chain]:
    """Return the chain of every channel by its name."""
    chains = {channel.name: _chain(project, channel) for channel in channels}
    for channel in channels:
        for feed in channel.feeds:
            if feed.key_of is not None:
                late = _late_samples(chains[feed.into], feed.key_of)
                chains[channel.name][:0] = [_ahead(late)] if late else []
    return chains


def _ahead(samples: int) -> LuaPlugin:
    """Return what has a key come early enough for what it acts on to look ahead.

    Ardour has all channels meet where they enter others, side-chains too, but for what the keyed
    channel itself is late by from the side-chain on. So the channel of a key says that it is late
    by as much, and is played earlier.
    """
    about = "Says that it is late, and is not: a side-chain that looks ahead hears its key in time."
    return LuaPlugin("key ahead", about, ("pass",), (), latency_samples=samples)


def _late_samples(chain: Chain, key_of: int) -> int:
    """Return how many samples lie between a side-chain and the end of its channel."""
    late = 0
    for entry in chain:
        if isinstance(entry, Keyed):
            late = entry.plugin.late_samples + (0 if entry.node == key_of else late)
        elif not isinstance(entry, Feed | Fader):
            late += entry.late_samples
    return late


def _chain(project: Project, channel: Channel) -> Chain:
    devices = [device(project, node) for node in channel.processors]
    fader, replaced = _fader_of(project, channel, devices)
    chain: Chain = []
    for place in range(len(devices) + 1):
        chain += [f for f in channel.sends if f.after == place and f.key_of is None]
        if place == replaced:
            chain.append(fader)
        elif place < len(devices):
            put = devices[place]
            assert not isinstance(put, Line)
            node = channel.processors[place]
            chain.append(Keyed(put, node) if project.graph.keyed(node) else put)
    leads_on = channel.outputs or any(feed.key_of is not None for feed in channel.feeds)
    if not leads_on and channel.role != "master":
        chain.append(_SILENCE)
    return chain if replaced >= 0 else [*chain, fader]


def _fader_of(
    project: Project, channel: Channel, devices: list[Plugin | Line]
) -> tuple[Fader, int]:
    """Return the channel's fader, and which of its processors it stands for, -1 for none."""
    for place in reversed(range(len(devices))):
        ride = devices[place]
        if isinstance(ride, Line):
            start = float(ride.gain(np.zeros(1))[0])
            return Fader(min(start, MOST_GAIN), ride=ride), place
    for place in reversed(range(len(devices))):
        node = channel.processors[place]
        if project.graph.nodes[node].kind in _PLACERS:
            left, right = np.diag(project.matrix(node)).tolist()
            gain = max(left, right)
            balance = 1.0 - 0.5 * left / gain if right >= left else 0.5 * right / gain
            # Its pan pot stands at the end of a channel, and is heard in no send before it.
            fits = place == len(devices) - 1 or left == right
            return (Fader(gain, balance), place) if fits and gain <= MOST_GAIN else (Fader(), -1)
    return Fader(), -1
