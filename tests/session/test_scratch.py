"""Audio of large sessions on disk: the same samples, which nobody writes back."""

import numpy as np
import torch

from mixtrace.session.scratch import Scratch


def test_what_exceeds_the_limit_is_mapped_and_equal():
    audio = np.random.default_rng(0).normal(size=(2, 5_000)).astype(np.float32)
    scratch = Scratch(in_memory_bytes=audio.nbytes)
    first, second = scratch.keep(audio), scratch.keep(audio)
    assert first is audio
    assert not second.flags.owndata
    assert not np.shares_memory(second, audio)
    np.testing.assert_array_equal(second, audio)
    # torch takes it as it is: it warns of arrays that cannot be written to.
    assert torch.from_numpy(second).data_ptr() == second.ctypes.data


def test_arrays_on_disk_do_not_touch_one_another():
    scratch = Scratch(in_memory_bytes=0)
    one, other = (scratch.keep(np.full((1, 3), value, np.float32)) for value in (1.0, 2.0))
    one[:] = 5.0
    assert one.tolist() == [[5.0] * 3]
    assert other.tolist() == [[2.0] * 3]


def test_an_empty_track_stays_in_memory():
    empty = np.zeros((1, 0), np.float32)
    assert Scratch(in_memory_bytes=0).keep(empty) is empty
