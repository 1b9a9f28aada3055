"""What a number on another engine's dial means on ours: a spread for every kind of setting.

The song tells how our processors have to be set; a person asks how theirs were. Engines do not mean
the same by a threshold, an attack or a Q, and what our search mistakes for something else no
curvature shows. The spreads were chosen on the development half of known songs, as
`benchmarks/known_sure.py --spreads` gives them: with them nine tenths of the truths there lie in
their intervals. They are half the width of an interval where the song leaves nothing open.
"""

from collections.abc import Mapping

from mixtrace.graph import Graph, is_branch
from mixtrace.store import Setting

__all__ = ["leads_into_others", "spread_of"]

_LEVEL_DB, _LEVEL_INTO_DB = 2.3, 4.1
_THRESHOLD_DB, _ATTACK, _RELEASE = 1.5, 0.98, 0.42
_PASS, _SHELF, _SHELF_DB = 0.78, 0.14, 2.9

_SPREADS: Mapping[tuple[str, str], float] = {
    ("fader", "level_db"): _LEVEL_DB,  # of 43
    ("fader", "pan"): 0.017,  # of 87
    ("parametric_equalizer", "bell_hz"): 0.0033,  # of 85
    ("parametric_equalizer", "bell_db"): 0.56,  # of 85
    ("parametric_equalizer", "bell_q"): 0.16,  # of 85
    ("parametric_equalizer", "high_pass_hz"): _PASS,  # of 42: another slope, or a shelf, does it
    ("parametric_equalizer", "low_shelf_hz"): _SHELF,  # of 34 with high shelves
    ("parametric_equalizer", "high_shelf_hz"): _SHELF,
    ("parametric_equalizer", "low_shelf_db"): _SHELF_DB,  # of 34 with high shelves
    ("parametric_equalizer", "high_shelf_db"): _SHELF_DB,
    ("compressor", "threshold_db"): _THRESHOLD_DB,  # of 34: detectors, and knees
    ("compressor", "attack_ms"): _ATTACK,  # of 34: a peak detector's is not an RMS detector's
    ("compressor", "release_ms"): _RELEASE,  # of 34
    ("compressor", "ratio"): 0.21,  # of 34
    ("captured_reverb", "decay_factor"): 1.06,  # of 11: as wide as its range
    ("captured_reverb", "wet"): 0.28,  # of 9
    ("gate", "threshold_db"): 3.6,  # of 1
    # Of fewer than three, which is no measure: as they were chosen on others.
    ("feedback_delay", "time_ms"): 1e-4,  # half a sample of a tenth of a second
    ("feedback_delay", "feedback"): 0.0,
    ("feedback_delay", "wet"): 0.2,
    # Not measured, for no song has them to compare with: taken from their next of kin.
    ("parametric_equalizer", "low_pass_hz"): _PASS,
    ("send", "level_db"): _LEVEL_DB,
    ("gate", "attack_ms"): _ATTACK,
    ("gate", "release_ms"): _RELEASE,
}
"""On the scale of each setting (`scales`): in its unit, or as natural logarithms of ratios."""


_INTO_OTHERS: Mapping[tuple[str, str], float] = {
    ("fader", "level_db"): _LEVEL_INTO_DB,  # of 44
}
"""Of levels with a processor behind them on the way to the mix, on a bus or the master: what a
compressor there takes away or makes up for, the fader could have."""


def spread_of(graph: Graph, setting: Setting) -> float:
    """Return the spread of a setting, on its scale (`scales`); 0 where there is none to tell."""
    name = graph.nodes[setting.node].kind, setting.name
    if name in _INTO_OTHERS and leads_into_others(graph, setting.node):
        return _INTO_OTHERS[name]
    return _SPREADS.get(name, 0.0)


def leads_into_others(graph: Graph, node: int) -> bool:
    """Return whether sound from a node passes a processor of another strip on its way to the mix.

    What sends take aside from its strip does not count.
    """
    waiting, seen = [node], {node}
    while waiting:
        for follower in graph.successors[waiting.pop()]:
            step = graph.nodes[follower]
            if step.is_processor and step.strip != graph.nodes[node].strip:
                return True
            if follower not in seen and not is_branch(step):
                seen.add(follower)
                waiting.append(follower)
    return False
