"""A data set of graphs, read again: tables, graphs, vectors, and graphs for graph networks."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mixtrace.corpus.gain_file import GainCurves, read_gains
from mixtrace.corpus.reading import StoredTables
from mixtrace.errors import StoreError
from mixtrace.store import GRAPH, StoredGraph, read_graph

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GraphDataset", "load"]


def load(folder: Path | str) -> "GraphDataset":
    """Return the data set in a folder; its tables are checked, nothing else is read yet.

    Raises:
        StoreError: no data set, a damaged one, or one of another schema.
    """
    folder = Path(folder)
    return GraphDataset(folder, StoredTables(folder))


@dataclass(frozen=True, eq=False)
class GraphDataset:
    """Graphs of many songs.

    Attributes:
        folder: where they lie.
        tables: as Arrow tables, by name: `songs`, `tracks`, `nodes`, `edges`, `removed`; each is
            read when it is first asked for.
    """

    folder: Path
    tables: StoredTables

    def __len__(self) -> int:
        """Return the number of songs."""
        return self.tables["songs"].num_rows

    def __iter__(self) -> Iterator[str]:
        """Yield the songs' identities, sorted."""
        yield from self._folders

    def pandas(self, name: str) -> "pd.DataFrame":
        """Return a table as a data frame."""
        return self.tables[name].to_pandas()

    def graph(self, song: str) -> StoredGraph:
        """Return the graph of a song with all its settings, as `fit` stored it.

        Raises:
            StoreError: no such song, or its files are damaged.
        """
        return read_graph(self._place(song) / GRAPH)

    def vector(self, song: str, node: int, name: str) -> np.ndarray:
        """Return a setting of a node as an array in physical units, long or short.

        Raises:
            StoreError: no such song, or its files are damaged.
        """
        return self.graph(song).settings.value(node, name).numpy()

    def gains(self, song: str) -> GainCurves:
        """Return what each dynamics processor and each ride of a song does to the level over time.

        Raises:
            StoreError: no such song, its gains were not measured, or its files are damaged.
        """
        place, digest = self._place(song), self._digests[song]
        if digest is None:
            raise StoreError(
                f"Expected a song whose gains over time were measured; of {song!r} there is the "
                "graph alone. Collect its corpus without --truth to have them."
            )
        return read_gains(place, digest)

    def hetero(self, song: str) -> Any:
        """Return the graph of a song as a `torch_geometric.data.HeteroData`; see `hetero_data`.

        Raises:
            StoreError: no such song, its files are damaged, or torch_geometric is missing.
        """
        from mixtrace.corpus.hetero import hetero_data

        return hetero_data(self.graph(song))

    @cached_property
    def _folders(self) -> dict[str, str]:
        songs = self.tables["songs"]
        return dict(zip(songs["song"].to_pylist(), songs["folder"].to_pylist(), strict=True))

    @cached_property
    def _digests(self) -> dict[str, str | None]:
        songs = self.tables["songs"]
        digests = songs["gains_sha256"].to_pylist()
        return dict(zip(songs["song"].to_pylist(), digests, strict=True))

    def _place(self, song: str) -> Path:
        """Return the folder of a song, which lies in the data set whatever its table says."""
        if song not in self._folders:
            raise StoreError(
                f"Expected a song of the data set {self.folder}; got {song!r}. "
                "Choose one of those that it yields."
            )
        place = (self.folder / self._folders[song]).resolve()
        if not place.is_relative_to(self.folder.resolve()):
            raise StoreError(
                f"Expected the songs of a data set inside it; {song!r} lies at {place}. "
                "Do not use this data set."
            )
        return place
