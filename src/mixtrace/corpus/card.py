"""The card of a data set: what it is, how it was made, whose the audio is, how it is read."""

from collections.abc import Mapping

from mixtrace.corpus.schema import DATASET_SCHEMA, TABLES, TABLES_FOLDER

__all__ = ["CARD", "card"]

CARD = "README.md"

_MEANING = {
    "songs": "a row a song: what it is, how large its graph is, how well it matches",
    "tracks": "a row a track: its group, its instrument, how it lies in the mix",
    "nodes": "a row a node: kind, strip, settings in units with their intervals, L_a without it",
    "edges": "a row a wire: what it joins, its level, and that of a send before it",
    "removed": "a row a processor that was tried and removed",
}

_FOUND = (
    "which settings, as mixtrace found them from the dry tracks and the mix. Nobody wrote",
    "these settings down when the songs were mixed: they are estimates, with intervals.",
)
_TRUE = (
    "which settings, as they were when the song was mixed: the graphs are not found from audio.",
    "What only a search or a rendering tells, such as L_a and intervals, is null.",
)


def card(about: str, rows: Mapping[str, int], *, found: bool) -> str:
    """Return the card.

    Args:
        about: what is to be said of the corpus, in Markdown.
        rows: of each table.
        found: whether the graphs were found from audio, and are not those that mixed the songs.
    """
    tables = [f"| `{name}` | {rows[name]} | {_MEANING[name]} |" for name in TABLES]
    head = ["---", "pretty_name: mixing graphs", "license: other", "configs:"]
    for name in TABLES:
        head += [f"- config_name: {name}", f"  data_files: {TABLES_FOLDER}/{name}.parquet"]
    return "\n".join(
        [
            *head,
            "---",
            "",
            "# A data set of mixing graphs",
            "",
            "For each song: which processors stand on which track, bus, return and master, with",
            *(_FOUND if found else _TRUE),
            "",
            about.rstrip(),
            "",
            "## Tables",
            "",
            "| table | rows | what it holds |",
            "| --- | ---: | --- |",
            *tables,
            "",
            f"Schema `{DATASET_SCHEMA}`. Settings of more than eight numbers (responses, curves)",
            "are named in `settings[].vector`, and lie in `params.safetensors` of a song's folder,",
            "which `songs.folder` names; gains over the song, named in `gain_vector`, lie in",
            "`gains.safetensors` there.",
            "",
            "    import datasets",
            '    nodes = datasets.load_dataset("FOLDER", "nodes", split="train")',
            "",
            "    from mixtrace import corpus",
            '    graphs = corpus.load("FOLDER")',
            "",
        ]
    )
