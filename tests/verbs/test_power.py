"""The power fails while a result is written: what is left is the old one, the new one, or refused.

A model of a disk keeps what a real one promises: a file's content from its last fsync on, a
folder's names from the last fsync of the folder on. Whatever happened since may be there or not,
each change for itself.
"""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch

import mixtrace
from mixtrace.errors import StoreError
from mixtrace.graph import ConsolePreset, build_console
from mixtrace.methods import Inversion, Work
from mixtrace.processors import Settings
from mixtrace.prune import PublishedSearch, SearchConfig
from mixtrace.session import Session
from mixtrace.store import Checkpoint, claimed_folder, put, read_bytes, stage

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="folders are synchronised on POSIX alone"),
    pytest.mark.timeout(600),
]

Files = dict[str, bytes]
"""What lies in a folder, by path relative to it."""

Change = tuple[str, str, str]
"""What is done to a name, the name, and the second name or the number of the file."""

_ALL_SUBSETS = 6  # of more changes that may be lost, prefixes and all but one are tried


class Recorder:
    """Notes what is done to the files of a folder, in order, while it is done."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self.events: list[tuple[str, str, Any]] = []
        self._open, self._count = {}, 0
        self._real = {n: getattr(os, n) for n in ("open", "fsync", "replace", "unlink", "mkdir")}
        for name in self._real:
            patch.setattr(os, name, getattr(self, name))

    def _name(self, path: Any) -> str | None:
        path = Path(os.fspath(path)) if not isinstance(path, int) else None
        inside = path is not None and path.is_relative_to(self._folder)
        return path.relative_to(self._folder).as_posix() if inside and path else None

    def open(self, path: Any, flags: int, *rest: Any, **more: Any) -> int:
        file = self._real["open"](path, flags, *rest, **more)
        if (name := self._name(path)) is not None:
            self._open[file] = name
            if flags & os.O_CREAT:
                self._count += 1
                self.events.append(("create", name, str(self._count)))
        return file

    def fsync(self, file: int) -> None:
        self._real["fsync"](file)
        if (name := self._open.get(file)) is not None:
            is_folder = stat.S_ISDIR(os.fstat(file).st_mode)
            content = None if is_folder else (self._folder / name).read_bytes()
            self.events.append(("sync", name, content))

    def replace(self, source: Any, target: Any) -> None:
        self._real["replace"](source, target)
        if (name := self._name(source)) is not None:
            self.events.append(("replace", name, self._name(target)))

    def unlink(self, path: Any, **more: Any) -> None:
        self._real["unlink"](path, **more)
        if (name := self._name(path)) is not None:
            self.events.append(("unlink", name, ""))

    def mkdir(self, path: Any, *rest: Any, **more: Any) -> None:
        self._real["mkdir"](path, *rest, **more)


def after_power_loss(before: Files, events: list[tuple[str, str, Any]]) -> Iterator[Files]:
    """Yield what may lie in the folder when the power fails at any point of what is done to it."""
    seen = set()
    for cut in range(len(events) + 1):
        names, contents, pending = _on_disk(before, events[:cut])
        for taken in _subsets(len(pending)):
            after = dict(names)
            for change in (c for c, is_there in zip(pending, taken, strict=True) if is_there):
                _apply(change, after)
            state = {name: contents[number] for name, number in after.items()}
            key = tuple(sorted(state.items()))
            if key not in seen:
                seen.add(key)
                yield state


def _on_disk(
    before: Files, events: list[tuple[str, str, Any]]
) -> tuple[dict[str, str], Files, list[Change]]:
    """Return the names that are safe, the content of each file, and the changes that are not."""
    names = {name: f"old {name}" for name in before}
    contents = {f"old {name}": content for name, content in before.items()}
    now, pending = dict(names), []
    for what, name, value in events:
        if what != "sync":
            change = (what, name, value)
            contents.setdefault(value, b"") if what == "create" else None
            _apply(change, now)
            pending.append(change)
        elif value is not None:
            contents[now[name]] = value
        else:
            folder = Path(name).as_posix()
            safe = [c for c in pending if Path(c[1]).parent.as_posix() == folder]
            for change in safe:
                _apply(change, names)
            pending = [c for c in pending if c not in safe]
    return names, contents, pending


def _apply(change: Change, names: dict[str, str]) -> None:
    what, name, value = change
    if what == "create":
        names[name] = value
    elif what == "unlink":
        names.pop(name, None)
    elif name in names:
        names[value] = names.pop(name)


def _subsets(count: int) -> Iterator[tuple[bool, ...]]:
    if count <= _ALL_SUBSETS:
        yield from product((False, True), repeat=count)
        return
    for place in range(count + 1):
        yield tuple(k < place for k in range(count))
        yield tuple(k >= place for k in range(count))
        yield tuple(k != place for k in range(count))
        yield tuple(k == place for k in range(count))


def files_of(folder: Path) -> Files:
    found = (p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in found}


def lay_out(state: Files, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in state.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_the_model_loses_what_was_not_synchronised(tmp_path: Path):
    """Writing straight into the place, as anyone would, leaves an empty file and a mixture."""
    events = [
        ("create", "t", "1"),
        ("replace", "t", "a"),
        ("create", "u", "2"),
        ("sync", "u", b"new b"),
        ("replace", "u", "b"),
    ]
    states = list(after_power_loss({"a": b"old a", "b": b"old b"}, events))
    assert {"a": b"", "b": b"old b"} in states
    assert {"a": b"old a", "b": b"new b"} in states


@pytest.mark.parametrize("first", [True, False])
def test_a_checkpoint_is_the_old_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bool
):
    checkpoint = Checkpoint(tmp_path / "out" / "c", "me")
    checkpoint.path.parent.mkdir()
    if not first:
        checkpoint.save({"x": torch.zeros(9)}, {"step": 1})
    before = files_of(checkpoint.path.parent)
    with monkeypatch.context() as patch:
        recorder = Recorder(checkpoint.path.parent, patch)
        checkpoint.save({"x": torch.ones(9)}, {"step": 2})
    steps = set()
    for state in after_power_loss(before, recorder.events):
        lay_out(state, checkpoint.path.parent)
        loaded = checkpoint.load()
        steps.add(None if loaded is None else loaded[1]["step"])
    assert steps == {None if first else 1, 2}


def test_files_that_belong_together_are_never_mixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "out"
    names = ["a", "in/b", "c"]

    def write(what: bytes, *removed: str) -> None:
        with stage(folder, removed) as part_of:
            for name in names:
                put(part_of(name), what)

    folder.mkdir()
    write(b"old")
    put(folder / "no more", b"old")
    before = files_of(folder)
    with monkeypatch.context() as patch:
        recorder = Recorder(folder, patch)
        write(b"new", "no more")
    old, new = before, files_of(folder)
    came = {"old": 0, "new": 0, "refused": 0}
    for state in after_power_loss(before, recorder.events):
        lay_out(state, folder)
        try:
            for name in names:
                read_bytes(folder / name, root=folder)
            found = {name: c for name, c in files_of(folder).items() if ".mixtrace" not in name}
            assert found in (old, new)
            came["old" if found == old else "new"] += 1
        except StoreError as error:
            assert "Run the same command again" in str(error)
            came["refused"] += 1
            with stage(folder):  # whoever writes next makes the moves that are left
                pass
            assert files_of(folder) == new
    assert min(came.values()) > 0, came


def found_at_once(
    method: PublishedSearch, session: Session, held_out: Any, work: Work
) -> Inversion:
    """Stand for the search: a gain on the first track that tells the seed."""
    config, keeper = method.config, work.keeper
    assert keeper is not None
    keeper.save({"x": torch.full((3,), float(config.seed))}, {"step": config.seed})
    names = [(track.name, track.group) for track in session.tracks]
    graph = build_console(names, ConsolePreset(("gain_panning",), ()))
    gain = torch.full((len(names), 2), -3.0 - config.seed)
    settings = Settings.by_kind(
        graph.by_kind(),
        {"gain_panning": {"gain_db": gain}},
        {"gain_panning": torch.ones(len(names))},
    )
    losses = {"final": {"published": 0.5, "eq4": 0.5}}
    history = {"loss": [0.6], "seconds": [0.1]}
    evidence = {"history": history}
    return Inversion(graph, settings, graph, losses, evidence, ended="stopped", seconds=1.5)


CORE = ("graph.json", "mix.wav", "metrics.json", "fit.json")


def generation(name: str, content: bytes | None, old: Files, new: Files) -> str:
    if content is None:
        return "absent"
    return "old" if content == old.get(name) else "new" if content == new.get(name) else "torn"


def check_is_one_result(state: Files, old: Files, new: Files) -> str:
    """Check that all that lies there is of one result, and return of which."""
    differing = {n for n in old.keys() | new.keys() if old.get(n) != new.get(n)}
    differing.discard("checkpoint.safetensors")
    of = {name: generation(name, state.get(name), old, new) for name in differing}
    core = {of[name] for name in CORE}
    assert len(core) == 1 and core <= {"old", "new"}, of
    assert set(of.values()) <= core | {"absent"}, of
    return core.pop()


def test_a_result_is_the_old_or_the_new_one_and_the_same_fit_goes_on(
    tiny_song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mixtrace.prune.search.PublishedSearch.invert", found_at_once)
    out, choice = tmp_path / "OUT", SearchConfig(seed=1)

    def fit_again(fresh: bool) -> None:
        mixtrace.fit(tiny_song, out, method=PublishedSearch(choice), align=False, fresh=fresh)

    mixtrace.fit(tiny_song, out, method=PublishedSearch(SearchConfig(seed=0)), align=False)
    before = files_of(out)
    with monkeypatch.context() as patch:
        recorder = Recorder(out, patch)
        fit_again(fresh=True)
    new = files_of(out)
    came: dict[str, int] = {}
    unfinished: list[Files] = []
    for state in after_power_loss(before, recorder.events):
        lay_out(state, out)
        try:
            mixtrace.show(out)
            found = check_is_one_result(files_of(out), before, new)
        except StoreError as error:
            assert "Run the same command again" in str(error)
            found = "refused"
            unfinished.append(state)
        came[found] = came.get(found, 0) + 1
    assert came.keys() == {"old", "new", "refused"}
    for state in (unfinished[0], unfinished[len(unfinished) // 2], unfinished[-1]):
        lay_out(state, out)
        fit_again(fresh=False)
        again = files_of(out)
        again.pop("checkpoint.previous.safetensors", None)  # the run before saved one, too
        assert again.keys() == new.keys()
        # Ogg numbers its streams by lot, and the page embeds them.
        plain = {name for name in new if not name.endswith((".opus", ".html"))}
        assert {name for name in plain if again[name] != new[name]} == set()


def test_a_first_result_that_was_cut_off_is_not_taken_for_a_graph(
    tiny_song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mixtrace.prune.search.PublishedSearch.invert", found_at_once)
    out, config = tmp_path / "OUT", SearchConfig(seed=1)
    stopped: Callable[..., None] = os.replace

    def fails_at_metrics(source: Any, target: Any) -> None:
        if Path(target).name == "metrics.json":
            raise KeyboardInterrupt
        stopped(source, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "replace", fails_at_metrics)
        mixtrace.fit(tiny_song, out, method=PublishedSearch(config), align=False)
    assert (out / "graph.json").exists()
    for look in (
        lambda: mixtrace.show(out),
        lambda: mixtrace.show(out / "graph.json"),
        lambda: mixtrace.render(out, tiny_song),
        lambda: mixtrace.report(out),
    ):
        with pytest.raises(StoreError, match="Run the same command again"):
            look()
    mixtrace.fit(tiny_song, out, method=PublishedSearch(config), align=False)
    assert mixtrace.show(out)
    assert not [name for name in files_of(out) if ".mixtrace" in name]


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b'{"schema": "mixtrace.moves/1", "moved": {"../x": "../y"}, "removed": []}',
        b'{"schema": "mixtrace.moves/1", "moved": {}, "removed": ["../precious"]}',
        b'{"schema": "mixtrace.moves/1", "moved": {}, "removed": ["/precious"]}',
        b'{"schema": "mixtrace.moves/1", "moved": {"a": "mine"}, "removed": []}',
        b'{"schema": "mixtrace.moves/1", "moved": {}, "removed": ["link/precious"]}',
    ],
)
def test_a_list_of_moves_leads_nowhere_else(tmp_path: Path, content: bytes):
    (tmp_path / "precious").write_text("precious")
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine").write_text("mine")
    (out / "link").symlink_to(tmp_path)
    (out / ".mixtrace-moves.json").write_bytes(content)
    with pytest.raises(StoreError), claimed_folder(out, "me", fresh=True):
        pass
    assert (tmp_path / "precious").read_text() == "precious"
    assert (out / "mine").read_text() == "mine"
