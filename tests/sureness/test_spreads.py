"""Levels are known less well where something behind them could have made them."""

from mixtrace.graph import Edge, Graph
from mixtrace.store import Setting
from mixtrace.sureness import leads_into_others, spread_of


def desk(bus: str) -> Graph:
    """Return a fader that leads into a bus, or around it, and a send to a hall beside it."""
    nodes = [
        ("input", "voice"),
        ("fader", "voice"),
        ("send", "voice"),
        ("mix", "hall"),
        ("captured_reverb", "hall"),
        ("mix", "bus"),
        (bus, "bus"),
        ("output", "master"),
    ]
    edges = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 7), (1, 5), (5, 6), (6, 7)]
    return Graph.of(nodes, [Edge(*edge) for edge in edges])


def test_a_processor_on_the_bus_makes_a_level_less_sure():
    busy, idle = desk("compressor"), desk("mix")
    assert leads_into_others(busy, 1)
    assert not leads_into_others(idle, 1)  # the hall hears it, but the mix hears it without
    level = Setting(1, "level_db")
    assert spread_of(busy, level) > spread_of(idle, level) > 0.0


def test_other_settings_do_not_ask_what_stands_behind_them():
    pan = Setting(1, "pan")
    assert spread_of(desk("compressor"), pan) == spread_of(desk("mix"), pan) > 0.0
    assert spread_of(desk("compressor"), Setting(6, "knee_db")) == 0.0
