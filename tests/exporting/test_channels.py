"""A graph as channels: strips in a row, sends with their levels, keys, and names that differ."""

import torch

from mixtrace.exporting.channels import Feed, channels_of, distinct
from mixtrace.graph import KEY, Edge, Graph
from mixtrace.processors import NodeSettings, Settings


def fader(level_db: float = 0.0) -> NodeSettings:
    return NodeSettings("fader", {"level_db": torch.tensor(level_db), "pan": torch.tensor(0.0)})


def send(level_db: float) -> NodeSettings:
    return NodeSettings("send", {"level_db": torch.tensor(level_db)})


def gate() -> NodeSettings:
    return NodeSettings("gate", {})


def test_a_strip_in_a_row_is_one_channel_and_a_send_is_how_loud_it_feeds():
    nodes = [("input", "voice"), ("fader", "voice"), ("send", "voice")]
    nodes += [("mix", "hall"), ("fader", "hall"), ("mix", "master"), ("output", "master")]
    edges = [(0, 1), (1, 2), (1, 5), (2, 3), (3, 4), (4, 5), (5, 6)]
    settings = Settings.of({1: fader(), 2: send(-20.0), 4: fader()})
    voice, hall, master = channels_of(Graph.of(nodes, edges), settings)
    assert (voice.name, voice.role, voice.input, voice.processors) == ("voice", "track", 0, (1,))
    assert voice.outputs == ("master",)
    (aside,) = voice.sends
    assert (aside.after, aside.into, round(aside.gain, 6), aside.aside) == (1, "hall", 0.1, True)
    assert (hall.role, hall.input, hall.processors, hall.outputs) == (
        "bus",
        None,
        (4,),
        ("master",),
    )
    assert (master.role, master.processors, master.feeds) == ("master", (), ())


def test_parallel_chains_and_levels_become_channels_of_their_own():
    nodes = [("input", "drums"), ("fader", "drums"), ("mix", "drums"), ("output", "master")]
    edges = [Edge(0, 1), Edge(0, 2, -6.0), Edge(1, 2), Edge(2, 3)]
    first, second, master = channels_of(Graph.of(nodes, edges), Settings.of({1: fader()}))
    assert (first.name, second.name, master.name) == ("drums", "drums 2", "master")
    assert first.outputs == ("drums 2",)
    assert [(feed.after, round(feed.gain, 3)) for feed in first.sends] == [(0, 0.501)]


def test_no_channel_feeds_itself_by_way_of_a_key():
    """The kick's own sound ducks the bass, whose sound gates the kick."""
    nodes = [("input", "kick"), ("gate", "kick"), ("input", "bass"), ("gate", "bass")]
    nodes.append(("output", "master"))
    edges = [Edge(0, 1), Edge(2, 3), Edge(0, 3, 0.0, KEY), Edge(2, 1, 0.0, KEY)]
    edges += [Edge(1, 4), Edge(3, 4)]
    channels = channels_of(Graph.of(nodes, edges), Settings.of({1: gate(), 3: gate()}))
    feeding = {channel.name: {feed.into for feed in channel.feeds} for channel in channels}
    done: set[str] = set()
    while len(done) < len(feeding):  # each turn ends a channel that feeds ended ones alone
        ended = [name for name, into in feeding.items() if name not in done and into <= done]
        assert ended, feeding
        done.update(ended)


def test_what_leads_to_stems_alone_is_left_out():
    nodes = [("input", "a"), ("output", "master"), ("fader", "stem"), ("output", "stem")]
    channels = channels_of(Graph.of(nodes, [(0, 1), (0, 2), (2, 3)]), Settings.of({2: fader(-6.0)}))
    assert [channel.name for channel in channels] == ["a", "master"]
    assert channels[0].feeds == (Feed(0, "master"),)


def test_names_differ_in_whatever_letters():
    assert distinct(["A", "a", "a"], taken=["A 2"]) == ["A", "a 3", "a 4"]
