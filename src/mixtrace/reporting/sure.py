"""Settings told with how sure they are, and settings that are only known together."""

from collections.abc import Iterator, Sequence

from mixtrace.changes import setting_name
from mixtrace.params import ParamSpec
from mixtrace.processors import WET, Turned, processor
from mixtrace.reporting.digits import (
    interval_words,
    number_words,
    runs_step,
    scaled,
    step_within,
)
from mixtrace.store import (
    Agreement,
    Interval,
    Range,
    Setting,
    StoredGraph,
    Sureness,
    setting_value,
)

__all__ = ["alike_sentences", "sure_dials", "sure_line"]

_ANY_SHARE = Interval(0.01, 0.99)
"""A share of which as much is open can be anything."""

_ORDINALS = ("first", "second", "third", "fourth")

_SHARES = {"decay_factor", "feedback", "ping_pong", "width", WET}
"""Parameters that are shares, told in per cent."""


def sure_line(
    stored: StoredGraph,
    node: int,
    sureness: Sureness | None,
    agreement: Agreement | None = None,
) -> str:
    """Return the dials of a node on one line with their intervals; empty where it has none."""
    if sureness is None or all(setting.node != node for setting in sureness.intervals):
        return ""
    dials = sure_dials(stored, node, sureness, agreement)
    return ", ".join(f"{words} {value}" for words, value in dials)


def sure_dials(
    stored: StoredGraph,
    node: int,
    sureness: Sureness | None,
    agreement: Agreement | None = None,
) -> Iterator[tuple[str, str]]:
    """Yield what the dials and choices of a node are called and what they say.

    Args:
        stored: the graph.
        node: its number.
        sureness: how sure its settings are; without it no number is told.
        agreement: what several runs agree on: where they set each dial is then told as well.
    """
    own = stored.node(node)
    entry = processor(own.kind)
    for turned in entry.turned(own):
        values = []
        for name, row in turned.settings:
            setting = Setting(node, name, row)
            spec = None if name == WET else entry.param(name)
            interval = None if sureness is None else sureness.intervals.get(setting)
            if interval is None:
                break
            value = setting_value(stored.settings, setting)
            values.append(_valued(name, spec, value, interval, _runs_of(agreement, setting)))
        else:
            told = [*values, *_fewer_runs(agreement, node, turned)]
            yield turned.words, turned.choice or " ".join(told)


def alike_sentences(stored: StoredGraph, sureness: Sureness | None) -> Iterator[str]:
    """Yield what cannot be told apart, a sentence for each group and each pair."""
    if sureness is None:
        return
    for group in sureness.alike:
        by_node: dict[int, list[str]] = {}
        for setting in group:
            if names := list(_dial_names(stored, setting)):
                by_node.setdefault(setting.node, []).extend(names)
        if sum(map(len, by_node.values())) > 1:
            told = [f"{_all_of(dials)} of {_named(stored, i)}" for i, dials in by_node.items()]
            yield f"Only known together, for one can make up for another: {_all_of(told)}."
    for first, second in sureness.orders:
        label = processor(stored.graph.nodes[second].kind).label
        yield f"Whether {_named(stored, first)} stands before or after its {label} cannot be told."


def _runs_of(agreement: Agreement | None, setting: Setting) -> Range | None:
    """Return where runs set a dial; None where it is that of the kept one alone."""
    runs = None if agreement is None else agreement.ranges.get(setting)
    return runs if runs is not None and runs.runs > 1 else None


def _fewer_runs(agreement: Agreement | None, node: int, turned: Turned) -> Iterator[str]:
    """Yield in how many runs a dial was there, where that is not in all that had the processor."""
    if agreement is None or not turned.settings:
        return
    (name, row), *_ = turned.settings
    runs = agreement.ranges.get(Setting(node, name, row))
    if runs is not None and runs.runs < agreement.stood[node]:
        yield f"in {runs.runs} of {len(agreement.runs)} runs"


def _valued(
    name: str, spec: ParamSpec | None, value: float, interval: Interval, runs: Range | None
) -> str:
    """Return the value of a parameter in words."""
    if name in _SHARES or name == "pan":
        interval = scaled(interval, 100.0)
        runs = None if runs is None else scaled(runs, 100.0)
        if name == "pan":
            return _placed(100.0 * value, interval, runs)
        told = interval_words(100.0 * value, interval, "%", runs=runs)
        return _open(told) if _is_anything(spec, interval) else told
    if name.endswith("_q"):
        return f"Q {interval_words(value, interval, runs=runs)}"
    assert spec is not None and not isinstance(spec.low, tuple)
    unit, signed = spec.unit, spec.unit == "dB" and spec.neutral == 0.0
    told = interval_words(value, interval, unit, signed=signed, runs=runs)
    return _open(told) if (interval.low, interval.high) == (spec.low, spec.high) else told


def _is_anything(spec: ParamSpec | None, per_cent: Interval) -> bool:
    """Return whether next to nothing is known of a share, of `wet` where it has no parameter."""
    low, high = (_ANY_SHARE.low, _ANY_SHARE.high) if spec is None else (spec.low, spec.high)
    assert not isinstance(low, tuple) and not isinstance(high, tuple)
    return per_cent.low <= 100.0 * low and per_cent.high >= 100.0 * high


def _open(told: str) -> str:
    """Return what is told of a value that can be anything."""
    number, _, ends = told.partition(" (")
    _, *others = ends.rstrip(")").split("; ")
    return f"{number} ({'; '.join(['anything: the mix does not show it', *others])})"


def _placed(value: float, interval: Interval, runs: Range | None) -> str:
    """Return a place of the pan pot in per cent; below 0 is left."""
    step = step_within(interval)
    centred = interval.low < 0.0 < interval.high
    middle = number_words(abs(value), step, False)
    side = "left" if value < 0.0 else "right"
    place = "centre" if centred and float(middle) == 0.0 else f"{middle} % {side}"
    told = [_places(interval, step, "" if centred else side)]
    if runs is not None:
        told.append(f"runs {_places(runs, runs_step(runs, step), '' if centred else side)}")
    return f"{place} ({'; '.join(told)})"


def _places(interval: Interval | Range, step: float, known: str) -> str:
    """Return two places of the pan pot; their side is not said where it is known."""
    low, high = (number_words(abs(end), step, False) for end in (interval.low, interval.high))
    if interval.low < 0.0 < interval.high:
        return f"{low} % left to {high} % right"
    ends, side = ((high, low), "left") if interval.high <= 0.0 else ((low, high), "right")
    span = ends[0] if low == high else f"{ends[0]} to {ends[1]}"
    return span if side == known else f"{span} % {side}"


def _dial_names(stored: StoredGraph, setting: Setting) -> Iterator[str]:
    """Yield what a setting is called among those of its node; nothing where it is not told."""
    own = stored.node(setting.node)
    entry = processor(own.kind)
    for turned in entry.turned(own):
        if (setting.name, setting.row) not in turned.settings:
            continue
        place = turned.settings.index((setting.name, setting.row))
        name = setting_name(entry, own, turned, place)
        yield f"the {name}" if len(turned.settings) == 1 else name


def _named(stored: StoredGraph, node: int) -> str:
    """Return a processor and whose it is; which one, where that has several of its kind."""
    graph = stored.graph
    own = graph.nodes[node]
    alike = [i for i in graph.order if graph.nodes[i] == own]
    which = f"{_ORDINALS[alike.index(node)]} " if 1 < len(alike) <= len(_ORDINALS) else ""
    return f"the {which}{processor(own.kind).label} of {graph.name(node)}"


def _all_of(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)
