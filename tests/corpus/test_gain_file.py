"""Gains over a song on disk: small, read as written, and refused where they are not ours."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from mixtrace.corpus import GAINS, GainCurves, read_gains, write_gains
from mixtrace.errors import StoreError


def curves(nodes: int, frames: int) -> GainCurves:
    rng = np.random.default_rng(0)
    gains_db = rng.uniform(-30.0, 12.0, (nodes, frames)).astype(np.float32)
    gains_db[:, 3] = np.nan
    return GainCurves(0.02, dict(enumerate(gains_db, 5)))


def test_thirty_nodes_of_four_minutes_take_less_than_a_megabyte(tmp_path: Path):
    written = curves(30, 12_000)
    found = read_gains(tmp_path, write_gains(tmp_path, written))
    assert (tmp_path / GAINS).stat().st_size < 1_000_000
    assert found.step_s == 0.02
    assert list(found.gains_db) == list(range(5, 35))
    for node, gains in written.gains_db.items():
        # Half-precision numbers of 16 to 32 have steps of 1/64.
        np.testing.assert_allclose(found.gains_db[node], gains, atol=1 / 128, equal_nan=True)


def test_a_song_where_nothing_moves_has_no_gains(tmp_path: Path):
    digest = write_gains(tmp_path, GainCurves(0.02, {}))
    assert read_gains(tmp_path, digest).gains_db == {}


def test_lost_changed_and_foreign_files_are_refused(tmp_path: Path):
    digest = write_gains(tmp_path, curves(2, 10))
    content = (tmp_path / GAINS).read_bytes()
    (tmp_path / GAINS).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(StoreError, match=r"digest is another.*Collect the corpus anew"):
        read_gains(tmp_path, digest)
    (tmp_path / GAINS).unlink()
    with pytest.raises(StoreError, match="No such file"):
        read_gains(tmp_path, digest)


TEN = np.zeros(10, np.float16)


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"gain.1": np.zeros(10, np.float32)}, "holds no gains"),
        ({"gain.1": np.full(10, np.inf, np.float16)}, "holds no gains"),
        ({"gain.1": TEN.reshape(2, 5)}, "holds no gains"),
        ({"gain.01": TEN}, "names no node"),
        ({"../gain.1": TEN}, "names no node"),
        ({"gain.1": TEN, "gain.2": TEN[:9]}, "not those of one song"),
    ],
)
def test_what_is_no_gain_is_refused(tmp_path: Path, arrays: dict[str, np.ndarray], told: str):
    """Whoever makes a data set can make its digests as well."""
    note = json.dumps({"schema": "mixtrace.gains/1", "step_s": 0.02})
    content = save(arrays, {"mixtrace": note})
    (tmp_path / GAINS).write_bytes(content)
    with pytest.raises(StoreError, match=told):
        read_gains(tmp_path, hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize(
    "note", ["{}", "no JSON", '{"schema": "mixtrace.gains/9", "step_s": 0.02}']
)
def test_other_schemas_are_refused(tmp_path: Path, note: str):
    content = save({"gain.1": TEN}, {"mixtrace": note})
    (tmp_path / GAINS).write_bytes(content)
    with pytest.raises(StoreError, match="cannot be read as that"):
        read_gains(tmp_path, hashlib.sha256(content).hexdigest())
