"""What is read part by part, or kept on disk, against the same done whole and in memory."""

import numpy as np
import torch

from mixtrace.captured.channels import Channels
from mixtrace.captured.correlations import add_products, no_products
from mixtrace.captured.filtering import Filters
from mixtrace.captured.plan import plan_of
from mixtrace.captured.responses import read_responses
from mixtrace.captured.trial import folds_of
from mixtrace.session.scratch import Scratch

RATE_HZ = 8_000


def noise(seed: int, signals: int, time: int) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(seed).standard_normal((signals, time))).float()


def test_filters_are_convolutions_in_every_part():
    dry, responses, lead = noise(0, 3, 70_000), noise(1, 6, 500).reshape(2, 3, 500), 40
    each = np.stack(
        [
            [np.convolve(dry[k], responses[o, k])[lead : lead + 70_000] for o in range(2)]
            for k in range(3)
        ]
    )
    filters = Filters.of(responses, lead)
    for begin, end in ((0, 70_000), (12_345, 50_000), (69_990, 70_000)):
        # Single precision, sums of 1,500 products of size one.
        np.testing.assert_allclose(filters.each(dry, begin, end), each[..., begin:end], atol=1e-3)
        whole = each.sum(0)[:, begin:end]
        np.testing.assert_allclose(filters.summed(dry, begin, end), whole, atol=1e-3)


def test_products_of_parts_add_up_to_those_of_the_whole():
    """Learnt with learnt, judged with all, and what is learnt with what is judged after it."""
    dry, wet, lags = noise(0, 3, 70_001), noise(1, 2, 70_001), 96
    heard = torch.ones(70_001, dtype=torch.bool)
    heard[60_000:] = False
    learnt, judged = folds_of(heard, RATE_HZ)
    whole, parts = no_products(5, lags), no_products(5, lags)
    add_products(whole, dry, wet, heard, heard)
    for earlier, later in ((learnt, learnt), (judged, heard), (learnt, judged)):
        add_products(parts, dry, wet, earlier, later)
    # Single precision, sums of 60,000 products of size one.
    scale = float(whole.abs().max())
    assert float((whole - parts).abs().max()) < 1e-4 * scale


def test_channels_on_disk_give_the_same_responses_to_the_bit():
    dry = noise(0, 3, 20_000)
    wet = torch.stack((dry[0] + 0.5 * dry[1].roll(3), dry[2] - dry[0]))
    kept = [Scratch(0).keep(dry[:2].numpy()), Scratch(0).keep(dry[2:].numpy())]
    on_disk = Channels(kept, [2, 1])
    found = [read_responses(d, wet, 128, 16, RATE_HZ) for d in (dry, on_disk)]
    assert torch.equal(*found)
    assert torch.equal(on_disk.part(-5, 7)[:, 5:], dry[:, :7])
    assert not on_disk.part(-5, 7)[:, :5].any()


def test_a_plan_follows_the_size_of_a_song():
    few, many, most = (plan_of(k, 240 * 44_100, 44_100) for k in (8, 100, 150))
    assert len(few.lengths) == 6 and not few.large
    assert len(many.lengths) == 1 and many.large
    assert abs(many.lengths[0] / 44_100 - 0.25) < 0.02
    assert most.large and most.lengths == few.lengths[1:2]
    short = plan_of(8, 5 * 44_100, 44_100)
    assert len(short.lengths) == 3 and short.lengths[short.usual] == many.lengths[0]
