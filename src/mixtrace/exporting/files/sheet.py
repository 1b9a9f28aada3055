"""A settings sheet, from which a person recalls a hardware desk: as a table, and to read."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mixtrace.exporting.channels import Channel, Feed
from mixtrace.exporting.project import Project
from mixtrace.exporting.tables import Table, markdown_cell
from mixtrace.processors import WET, processor
from mixtrace.reporting.digits import known_number
from mixtrace.reporting.sure import sure_dials
from mixtrace.store import Interval, Setting, StoredGraph
from mixtrace.units import db_from_ratio

__all__ = ["write_sheet"]

_MOST_LISTED = 16
"""Numbers of one setting that a person would dial; longer curves are files of their own."""

_SURE = (
    " Where a range stands behind a number, it lies there nine times of ten, and has the digits "
    "that are known.\n"
)

_Row = tuple[str, str, str, str, str]
"""Place in the chain, device, setting, value, unit."""


def write_sheet(project: Project, folder: Path) -> None:
    """Write `settings.csv`, with every number, and `settings.md`, with the dials.

    Raises:
        OSError: a file cannot be written.
    """
    headings = ("channel", "role", "place in the chain", "device", "setting", "value", "unit")
    table = Table(headings)
    for channel in project.channels:
        for row in (*_numbers(project, channel), *_routes(channel)):
            table.add(channel.name, channel.role, *row)
    for name in project.idle:
        table.add(name, "track", "", "", "not heard in the mix", "", "")
    table.write_csv(folder / "settings.csv")
    (folder / "settings.md").write_text(_to_read(project), "utf-8")


def _numbers(project: Project, channel: Channel) -> Iterator[_Row]:
    """Yield every number of a channel's devices."""
    for place, node in enumerate(channel.processors, 1):
        settings = project.node(node)
        entry = processor(settings.kind)
        for spec in entry.params:
            values = settings.array(spec.name)
            listed = entry.family == "ride" or values.size <= _MOST_LISTED
            if not listed:
                words = f"{values.size} numbers, see the folder responses"
                yield str(place), entry.label, spec.label, words, spec.unit
                continue
            for number, value in enumerate(np.ravel(values).tolist(), 1):
                name = spec.label_of(number)
                if spec.choices:
                    yield str(place), entry.label, name, spec.choice_word(value), ""
                    continue
                interval = _interval(project, Setting(node, spec.name, number - 1))
                yield str(place), entry.label, name, _number(value, interval, spec.unit), spec.unit
        interval = _interval(project, Setting(node, WET), 100.0)
        wet = _number(100.0 * settings.wet, interval, "%")
        yield str(place), entry.label, "dry/wet weight", wet, "%"
        if settings.keyed:
            yield str(place), entry.label, "side-chain", "another channel", ""


def _interval(project: Project, setting: Setting, times: float = 1.0) -> Interval | None:
    known = None if project.sureness is None else project.sureness.intervals.get(setting)
    return None if known is None else Interval(times * known.low, times * known.high)


def _number(value: float, interval: Interval | None, unit: str) -> str:
    """Return a number with the digits that are known, or six of them."""
    return f"{value:.6g}" if interval is None else known_number(value, interval, unit)


def _routes(channel: Channel) -> Iterator[_Row]:
    """Yield where a channel's sound goes, and how loud."""
    for feed in channel.feeds:
        gain_db = f"{db_from_ratio(feed.gain):.6g}"
        yield str(feed.after), "routing", _route(feed), gain_db, "dB"


def _route(feed: Feed) -> str:
    """Return where a feed leads."""
    return f"to {feed.into}" if feed.key_of is None else f"to a side-chain of {feed.into}"


def _to_read(project: Project) -> str:
    """Return the sheet as Markdown: channel by channel, the dials as on devices."""
    lines = [
        f"# {markdown_cell(project.name)}\n\n",
        f"Found at {project.sample_rate_hz} Hz. Devices stand in the order of the sound. ",
        "A send is taken behind as many devices as it says.",
        _SURE if project.sureness is not None else "\n",
    ]
    for number, channel in enumerate(project.channels, 1):
        lines.append(f"\n## {number}. {markdown_cell(channel.name)} ({channel.role})\n\n")
        table = Table(("place", "device", "setting", "value"))
        for place, node in enumerate(channel.processors, 1):
            for name, value in _dials(project, node):
                table.add(str(place), processor(project.graph.nodes[node].kind).label, name, value)
        for feed in channel.feeds:
            level = f"{db_from_ratio(feed.gain):+.1f} dB"
            table.add(f"behind {feed.after}", "routing", _route(feed), level)
        lines.append(table.markdown())
    if project.idle:
        lines.append("\n## Not heard in the mix\n\n")
        lines += [f"- {markdown_cell(name)}\n" for name in project.idle]
    return "".join(lines)


def _dials(project: Project, node: int) -> Iterator[tuple[str, str]]:
    """Yield the dials, with their intervals and the digits that are known where there are such."""
    settings = project.node(node)
    sure = list(_known(project, node))
    known, dials = dict(sure), list(processor(settings.kind).dials(settings))
    if settings.wet != 1.0:
        dials.append(("wet", f"{100.0 * settings.wet:.0f} %"))
    names = {name for name, _ in dials}
    bands = [pair for pair in sure if pair[0] not in names]
    others = [name for name, _ in dials if name not in known]
    told = dict(zip(others, bands, strict=True)) if len(others) == len(bands) else {}
    for name, value in dials:
        yield told.get(name, (name, known.get(name, value)))


def _known(project: Project, node: int) -> Iterator[tuple[str, str]]:
    """Yield the dials of which is known how sure they are."""
    stored = StoredGraph(project.name, (), project.graph, project.settings)
    yield from (pair for pair in sure_dials(stored, node, project.sureness) if pair[1])
