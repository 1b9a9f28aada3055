"""Of a result nothing is read but regular files that lie in its folder and are not too large."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from mixtrace.errors import StoreError
from mixtrace.store import (
    CAPTURE,
    EVIDENCE,
    FIT,
    FIT_SCHEMA,
    GRAPH,
    PARAMS,
    Checkpoint,
    StoredGraph,
    read_bytes,
    read_capture,
    read_document,
    read_evidence,
    read_graph,
)


def test_a_file_is_read_as_far_as_it_may_be_long(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_bytes(tmp_path / "a", 5) == b"12345"
    with pytest.raises(StoreError, match="it is larger"):
        read_bytes(tmp_path / "a", 4)
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "b", 4)


def put_link(path: Path) -> None:
    (path.parent.parent / "elsewhere").write_bytes(b"somebody's own")
    path.symlink_to(path.parent.parent / "elsewhere")


def put_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def put_pipe(path: Path) -> None:
    os.mkfifo(path)


STRANGE: list[tuple[Callable[[Path], None], str]] = [
    (put_link, "a link"),
    (put_pipe, "a pipe"),
    (put_socket, "a socket"),
    (Path.mkdir, "a folder"),
]

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="needs POSIX files"),
    pytest.mark.timeout(20),  # a reader that waits for a pipe waits for ever
]


@pytest.mark.parametrize(("put_there", "what"), STRANGE)
def test_anything_else_is_refused_in_one_sentence_and_at_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write_result: Callable[..., Path],
    stored_graph: StoredGraph,
    put_there: Callable[[Path], None],
    what: str,
):
    folder = write_result(tmp_path / "out")
    readers: dict[str, Callable[[], object]] = {
        PARAMS: lambda: read_graph(folder / GRAPH),
        GRAPH: lambda: read_graph(folder / GRAPH),
        FIT: lambda: read_document(folder / FIT, FIT_SCHEMA),
        EVIDENCE: lambda: read_evidence(folder / EVIDENCE, stored_graph.graph),
        CAPTURE: lambda: read_capture(folder),
        "checkpoint": lambda: Checkpoint(folder / "checkpoint", "me").load(),
    }
    monkeypatch.chdir(folder)  # a socket's path may have a hundred characters
    for name, read in readers.items():
        before = (folder / name).read_bytes() if (folder / name).exists() else None
        (folder / name).unlink(missing_ok=True)
        put_there(folder / name if what != "a socket" else Path(name))
        with pytest.raises(StoreError, match=f"there is {what}"):
            read()
        (folder / name).rmdir() if what == "a folder" else (folder / name).unlink()
        if before is not None:
            (folder / name).write_bytes(before)


def test_a_link_on_the_way_to_a_file_is_refused(tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a").write_bytes(b"somebody's own")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "listen").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="there is a link"):
        read_bytes(tmp_path / "out" / "listen" / "a", root=tmp_path / "out")
