"""The tables of a data set of graphs: their columns and types, versioned.

docs/corpus.md describes every column. A change of any of them is another schema.
"""

import pyarrow as pa

from mixtrace.errors import StoreError

__all__ = ["DATASET_SCHEMA", "TABLES", "TABLES_FOLDER", "check_schema", "marked"]

DATASET_SCHEMA = "mixtrace.dataset/2"

TABLES_FOLDER = "tables"

_KEY = b"mixtrace"

_TEXTS = pa.list_(pa.field("element", pa.string()))
_NUMBERS = pa.list_(pa.field("element", pa.float64()))

_SETTING = pa.struct(
    [
        ("name", pa.string()),
        ("unit", pa.string()),
        ("values", _NUMBERS),
        ("low", _NUMBERS),
        ("high", _NUMBERS),
        ("vector", pa.string()),
    ]
)

TABLES: dict[str, pa.Schema] = {
    "songs": pa.schema(
        [
            ("song", pa.string()),
            ("dataset", pa.string()),
            ("licence", pa.string()),
            ("artist", pa.string()),
            ("title", pa.string()),
            ("genre", pa.string()),
            ("split", pa.string()),
            ("notes", _TEXTS),
            ("found", pa.bool_()),
            ("seconds", pa.float64()),
            ("sample_rate_hz", pa.int32()),
            ("tracks", pa.int32()),
            ("unused_tracks", pa.int32()),
            ("buses", pa.int32()),
            ("returns", pa.int32()),
            ("processors", pa.int32()),
            ("console_processors", pa.int32()),
            ("l_a_sum", pa.float64()),
            ("l_a", pa.float64()),
            ("l_a_eq4", pa.float64()),
            ("l_a_unseen", pa.float64()),
            ("mae", pa.float64()),
            ("mrsd", pa.float64()),
            ("loudness_lufs", pa.float64()),
            ("true_peak_dbtp", pa.float64()),
            ("crest_factor_db", pa.float64()),
            ("stereo_width_db", pa.float64()),
            ("loudness_difference_lu", pa.float64()),
            ("ended", pa.string()),
            ("seed", pa.int64()),
            ("mixtrace", pa.string()),
            ("folder", pa.string()),
            ("vectors_sha256", pa.string()),
            ("gains_sha256", pa.string()),
        ]
    ),
    "tracks": pa.schema(
        [
            ("song", pa.string()),
            ("track", pa.string()),
            ("strip", pa.int32()),
            ("group", pa.string()),
            ("family", pa.string()),
            ("instrument", pa.string()),
            ("used", pa.bool_()),
            ("delay_s", pa.float64()),
            ("polarity", pa.int8()),
            ("drift_ppm", pa.float64()),
            ("confidence", pa.float64()),
        ]
    ),
    "nodes": pa.schema(
        [
            ("song", pa.string()),
            ("node", pa.int64()),
            ("kind", pa.string()),
            ("role", pa.string()),
            ("strip", pa.int64()),
            ("strip_name", pa.string()),
            ("family", pa.string()),
            ("instrument", pa.string()),
            ("place", pa.int32()),
            ("keyed", pa.bool_()),
            ("wet", pa.float64()),
            ("wet_low", pa.float64()),
            ("wet_high", pa.float64()),
            ("l_a_without", pa.float64()),
            ("settings", pa.list_(pa.field("element", _SETTING))),
            ("gain_vector", pa.string()),
        ]
    ),
    "edges": pa.schema(
        [
            ("song", pa.string()),
            ("source", pa.int64()),
            ("destination", pa.int64()),
            ("port", pa.string()),
            ("level_db", pa.float64()),
            ("send_db", pa.float64()),
        ]
    ),
    "removed": pa.schema(
        [
            ("song", pa.string()),
            ("node", pa.int64()),
            ("kind", pa.string()),
            ("strip_name", pa.string()),
            ("round", pa.int32()),
            ("l_a", pa.float64()),
        ]
    ),
}
"""Name of a table -> its columns."""


def marked(name: str) -> pa.Schema:
    """Return the columns of a table with the name of their schema, as a file holds them."""
    return TABLES[name].with_metadata({_KEY: DATASET_SCHEMA.encode()})


def check_schema(name: str, found: pa.Schema, where: object) -> None:
    """Refuse a table of another schema.

    Raises:
        StoreError: it is one.
    """
    told = (found.metadata or {}).get(_KEY, b"").decode("utf-8", "replace")
    if told != DATASET_SCHEMA:
        raise StoreError(
            f"Expected {where} to follow the schema {DATASET_SCHEMA}; it follows {told[:60]!r}. "
            "Use the version of mixtrace that wrote it, or collect the corpus anew."
        )
    if not found.equals(TABLES[name], check_metadata=False):
        raise StoreError(
            f"Expected {where} with the columns of a table {name!r}; it has others. "
            "Collect the corpus anew."
        )
