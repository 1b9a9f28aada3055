"""A network on disk: the same again, and whatever a stranger made of it is refused."""

import hashlib
import json
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from learned_song import TINY
from safetensors.torch import load_file, save_file

from mixtrace.errors import StoreError
from mixtrace.learned import InferenceNetwork, read_network, write_network


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_network(InferenceNetwork(TINY, seed=5), tmp_path, "0" * 64, {"turns": 3})
    return tmp_path


def told(folder: Path, **changes: object) -> None:
    """Change what `network.json` tells."""
    path = folder / "network.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    """Change the weights, and tell the digest of what came of it, as a stranger would."""
    path = folder / "network.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)
    told(folder, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def test_what_was_written_is_read(folder: Path) -> None:
    network, facts = read_network(folder)
    assert (facts.shape, facts.training) == (TINY, {"turns": 3})
    for name, value in InferenceNetwork(TINY, seed=5).state_dict().items():
        assert torch.equal(network.state_dict()[name], value), name


def test_the_same_weights_are_the_same_bytes(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
):
    other = tmp_path_factory.mktemp("other")
    write_network(InferenceNetwork(TINY, seed=5), other, "0" * 64, {"turns": 3})
    for name in ("network.json", "network.safetensors"):
        assert (folder / name).read_bytes() == (other / name).read_bytes()


def _truncated(folder: Path) -> None:
    path = folder / "network.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def _pickled(folder: Path) -> None:
    path = folder / "network.safetensors"
    path.write_bytes(pickle.dumps({"network": 1}))
    told(folder, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def _linked(folder: Path) -> None:
    path = folder / "network.safetensors"
    path.rename(folder / "elsewhere")
    path.symlink_to(folder / "elsewhere")


def _huge(folder: Path) -> None:
    shape = {"channels": [1024] * 12, "features": 1024, "conformers": 16, "heads": 1024}
    shape |= {"head_size": 1024, "kernel": 1024, "recurrent": 16, "recurrent_size": 1024}
    told(folder, shape=shape)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_truncated, "its digest is not the one"),
        (_pickled, "is damaged"),
        (_linked, "a link"),
        (lambda f: (f / "network.safetensors").unlink(), "is damaged"),
        (lambda f: weights(f, lambda w: w.pop("leaving.bias")), "'leaving.bias' is missing"),
        (lambda f: weights(f, lambda w: w["leaving.bias"].fill_(torch.nan)), "NaN"),
        (lambda f: weights(f, lambda w: w.update(more=torch.zeros(1))), "'more' is missing or"),
        (
            lambda f: weights(f, lambda w: w.update({"leaving.bias": torch.zeros(3)})),
            "leaving.bias is torch.float32 [3]",
        ),
        (lambda f: told(f, shape={"channels": []}), "network.json"),
        (lambda f: told(f, shape={"kernel": 10**9}), "network.json"),
        (lambda f: told(f, dials=["gain_db"]), "has others"),
        (lambda f: (f / "network.json").write_text("[" * 10_000), "network.json"),
        (lambda f: (f / "network.json").unlink(), "has no network.json"),
    ],
)
def test_what_is_no_network_is_refused_in_a_sentence(
    folder: Path, spoil: Callable[[Path], object], words: str
) -> None:
    spoil(folder)
    with pytest.raises(StoreError, match=re.escape(words)) as refused:
        read_network(folder)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 500


def test_a_shape_of_millions_takes_no_memory(folder: Path) -> None:
    """It is compared with the file before a network of it is made."""
    _huge(folder)
    with pytest.raises(StoreError):
        read_network(folder)
