"""Checkpoints come back exactly, and only to the fit they belong to."""

import math
from pathlib import Path

import pytest
import torch

from mixtrace.errors import StoreError
from mixtrace.store import Checkpoint

TENSORS = {
    "now/equalizer/magnitude_db/value": torch.tensor([[0.1, -math.pi], [1e-38, 3e38]]),
    "now/step": torch.tensor(12),
    "best/mask": torch.tensor([True, False]),
}
FACTS = {
    "step": 3,
    "history": {"loss": [0.1 + 0.2, float("inf")]},
    "removed": [{"kind": "noise_reverb"}],
}


def test_a_state_comes_back_exactly(tmp_path: Path):
    Checkpoint(tmp_path / "c.safetensors", "me").save(TENSORS, FACTS)
    loaded = Checkpoint(tmp_path / "c.safetensors", "me").load()
    assert loaded is not None
    tensors, facts = loaded
    assert facts == FACTS
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype
        torch.testing.assert_close(tensors[name], tensor, rtol=0, atol=0)
    assert [p.name for p in tmp_path.iterdir()] == ["c.safetensors"]


def test_parts_of_one_tensor_can_be_saved(tmp_path: Path):
    whole = torch.arange(6.0).reshape(2, 3)
    checkpoint = Checkpoint(tmp_path / "c.safetensors", "me")
    checkpoint.save({"a": whole[0], "b": whole[:, 1], "c": whole.T.requires_grad_()}, {})
    loaded = checkpoint.load()
    assert loaded is not None
    torch.testing.assert_close(loaded[0]["b"], torch.tensor([1.0, 4.0]), rtol=0, atol=0)
    torch.testing.assert_close(loaded[0]["c"], whole.T.detach(), rtol=0, atol=0)


def test_where_nothing_was_saved_there_is_nothing(tmp_path: Path):
    assert Checkpoint(tmp_path / "c.safetensors", "me").load() is None


def flipped(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def saved_twice(folder: Path) -> Checkpoint:
    checkpoint = Checkpoint(folder / "c.safetensors", "me")
    checkpoint.save(TENSORS, FACTS)
    checkpoint.save({"now/step": torch.tensor(13)}, FACTS | {"step": 4})
    return Checkpoint(checkpoint.path, "me")


def test_the_state_before_the_last_is_kept_beside_it(tmp_path: Path):
    checkpoint = saved_twice(tmp_path)
    names = ["c.previous.safetensors", "c.safetensors"]
    assert sorted(p.name for p in tmp_path.iterdir()) == names
    loaded = checkpoint.load()
    assert loaded is not None and loaded[1]["step"] == 4
    assert checkpoint.warning is None
    checkpoint.path.unlink()  # killed between two moves of files
    assert checkpoint.exists
    loaded = checkpoint.load()
    assert loaded is not None and loaded[1] == FACTS
    assert checkpoint.warning is None
    checkpoint.forget()
    assert list(tmp_path.iterdir()) == []


def test_every_flipped_bit_is_noticed_and_the_state_before_is_taken(tmp_path: Path):
    checkpoint = saved_twice(tmp_path)
    whole = checkpoint.path.read_bytes()
    for bit in range(0, 8 * len(whole), 11):  # of every byte some bit, in a second
        flipped(checkpoint.path, bit)
        again = Checkpoint(checkpoint.path, "me")
        loaded = again.load()
        assert loaded is not None and loaded[1] == FACTS, bit
        assert again.warning is not None and "damaged" in again.warning
        checkpoint.path.write_bytes(whole)


def test_a_damaged_state_does_not_replace_the_good_one_before_it(tmp_path: Path):
    checkpoint = saved_twice(tmp_path)
    flipped(checkpoint.path, 8 * 300)
    checkpoint.load()
    checkpoint.save(TENSORS, FACTS | {"step": 5})
    flipped(checkpoint.path, 8 * 300)
    loaded = Checkpoint(checkpoint.path, "me").load()
    assert loaded is not None and loaded[1] == FACTS


def test_where_both_are_damaged_one_sentence_says_what_to_do(tmp_path: Path):
    checkpoint = saved_twice(tmp_path)
    flipped(checkpoint.path, 8 * 300)
    flipped(checkpoint.previous, 8 * 300)
    with pytest.raises(StoreError, match=r"previous.* is damaged .*Pass --fresh to start anew"):
        checkpoint.load()


def test_the_checkpoint_of_another_fit_is_refused(tmp_path: Path):
    Checkpoint(tmp_path / "c.safetensors", "me").save(TENSORS, FACTS)
    with pytest.raises(StoreError, match="Pass --fresh"):
        Checkpoint(tmp_path / "c.safetensors", "you").load()


@pytest.mark.parametrize("content", [b"", b"hello, this is no tensor", b"\xff" * 64])
def test_a_damaged_checkpoint_gets_one_sentence(tmp_path: Path, content: bytes):
    (tmp_path / "c.safetensors").write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        Checkpoint(tmp_path / "c.safetensors", "me").load()


def test_a_cut_off_checkpoint_gets_one_sentence(tmp_path: Path):
    checkpoint = Checkpoint(tmp_path / "c.safetensors", "me")
    checkpoint.save(TENSORS, FACTS)
    checkpoint.path.write_bytes(checkpoint.path.read_bytes()[:-1])
    with pytest.raises(StoreError, match="damaged"):
        checkpoint.load()


def test_tensors_come_back_in_the_same_order_each_time(tmp_path: Path):
    checkpoint = Checkpoint(tmp_path / "checkpoint.safetensors", "mine")
    checkpoint.save({name: torch.zeros(2) for name in "hgfedcba"}, {})
    for _ in range(5):
        stored = checkpoint.load()
        assert stored is not None and list(stored[0]) == list("abcdefgh")
