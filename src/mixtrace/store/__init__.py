"""Results on disk: versioned JSON and safetensors, written as a whole or not at all."""

from mixtrace.store.checkpoint import Checkpoint
from mixtrace.store.evidence import EVIDENCE, Evidence, read_evidence, write_evidence
from mixtrace.store.files import JSON, read_document, stage, write_document
from mixtrace.store.fingerprint import mixtrace_version, session_fingerprint
from mixtrace.store.folder import (
    CHECKPOINT,
    FIT,
    FIT_SCHEMA,
    GRAPH,
    METRICS,
    METRICS_SCHEMA,
    MIX_AUDIO,
    PARAMS,
    claimed_folder,
    find_graph,
)
from mixtrace.store.graph_file import GRAPH_SCHEMA, StoredGraph, StoredTrack, write_graph
from mixtrace.store.reading import read_graph

__all__ = [
    "CHECKPOINT",
    "EVIDENCE",
    "FIT",
    "FIT_SCHEMA",
    "GRAPH",
    "GRAPH_SCHEMA",
    "JSON",
    "METRICS",
    "METRICS_SCHEMA",
    "MIX_AUDIO",
    "PARAMS",
    "Checkpoint",
    "Evidence",
    "StoredGraph",
    "StoredTrack",
    "claimed_folder",
    "find_graph",
    "mixtrace_version",
    "read_document",
    "read_evidence",
    "read_graph",
    "session_fingerprint",
    "stage",
    "write_document",
    "write_evidence",
    "write_graph",
]
