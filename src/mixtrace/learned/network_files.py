"""A trained network on disk: what it is in JSON, its weights in safetensors; nothing is run.

network.json          its shape, and how it was trained
network.safetensors   its weights
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta
from safetensors import SafetensorError
from safetensors.torch import load, save

from mixtrace.errors import StoreError
from mixtrace.learned.dials import DIALS
from mixtrace.learned.network import InferenceNetwork, NetworkShape
from mixtrace.learned.trainer import weight_faults
from mixtrace.store import (
    Results,
    checked,
    is_plain_file,
    mixtrace_version,
    put,
    read_bytes,
    read_document,
    stage,
    write_document,
)
from mixtrace.store.maxima import Name

__all__ = ["NETWORKS", "StoredNetwork", "read_network", "write_network"]

_FACTS, _WEIGHTS = "network.json", "network.safetensors"
_SCHEMA = "mixtrace.network/1"
_LARGEST_BYTES = 400_000_000
"""A hundred million weights: the usual network has two and a half."""

NETWORKS = Results("trained network", _FACTS, _SCHEMA)

_Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


@dataclass(frozen=True)
class StoredNetwork:
    """What `network.json` tells.

    Attributes:
        mixtrace: the version that trained it.
        fingerprint: of its training.
        sha256: of the weights' file.
        shape: how large it is.
        dials: what its numbers turn, in order.
        training: how it was trained, and on what.
    """

    mixtrace: Name
    fingerprint: _Digest
    sha256: _Digest
    shape: NetworkShape
    dials: Annotated[list[Name], Meta(max_length=100)]
    training: Annotated[dict[Name, Any], Meta(max_length=100)]


def write_network(
    network: InferenceNetwork, folder: Path, fingerprint: str, training: Mapping[str, Any]
) -> None:
    """Write both files as one into a folder that is there.

    Args:
        network: on any device.
        folder: its folder.
        fingerprint: of its training, 64 hexadecimal digits.
        training: how it was trained, JSON as it is.

    Raises:
        StoreError: a file cannot be written.
    """
    weights = {name: v.detach().cpu().contiguous() for name, v in network.state_dict().items()}
    packed = save(weights)
    told = StoredNetwork(
        mixtrace_version(),
        fingerprint,
        hashlib.sha256(packed).hexdigest(),
        network.shape,
        [dial.name for dial in DIALS],
        dict(training),
    )
    with stage(folder) as part_of:
        put(part_of(_WEIGHTS), packed)
        write_document(part_of(_FACTS), _SCHEMA, asdict(told))


def read_network(folder: Path) -> tuple[InferenceNetwork, StoredNetwork]:
    """Return a trained network, and what is told of it.

    Raises:
        StoreError: there is none, it is damaged, or it has other numbers than ours.
    """
    facts, path = folder / _FACTS, folder / _WEIGHTS
    if not is_plain_file(facts):
        raise StoreError(
            f"Expected the folder of a trained network; {folder} has no {_FACTS}. "
            "Name one that mixtrace train-inference wrote."
        )
    told = checked(read_document(facts, _SCHEMA), StoredNetwork, facts)
    if told.dials != [dial.name for dial in DIALS]:
        raise StoreError(
            f"Expected a network of the {len(DIALS)} numbers of this version of mixtrace; that of "
            f"{facts} has others. Train one with this version."
        )
    try:
        packed = read_bytes(path, _LARGEST_BYTES)
        if hashlib.sha256(packed).hexdigest() != told.sha256:
            raise ValueError(f"its digest is not the one that {_FACTS} tells")
        weights = load(packed)
        wrong = next(weight_faults(weights, told.shape), None)
        if wrong is not None:
            raise ValueError(wrong)
    except (SafetensorError, OSError, ValueError) as error:
        raise StoreError(
            f"Expected the weights of a network in {path}; it is damaged ({error}). "
            "Fetch it again, or train one with mixtrace train-inference."
        ) from error
    network = InferenceNetwork(told.shape, seed=0)
    network.load_state_dict(weights)
    return network, told
