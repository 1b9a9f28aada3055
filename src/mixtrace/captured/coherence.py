"""How alike two signals are, by octave and by span of time."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

__all__ = ["OCTAVES_HZ", "SPAN_S", "coherence"]

OCTAVES_HZ = (63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16000.0)
SPAN_S = 5.0
_FRAME = 4096


def coherence(
    first: Float[Tensor, "2 time"],
    second: Float[Tensor, "2 time"],
    heard: Bool[Tensor, " time"],
    sample_rate_hz: int,
) -> Float[Tensor, "octave span"]:
    """Return Re sum F S* / sqrt(sum |F|^2 sum |S|^2) over frames and bins of a cell.

    1 where both are the same, 0 where they have nothing in common; NaN where one is silent or
    nothing is heard. Frames of 4,096 samples under Hann windows, half overlapping.

    Args:
        first: a signal.
        second: another.
        heard: frames that reach into what is not heard are left out.
        sample_rate_hz: the rate.
    """
    time = first.shape[-1]
    pad = max(0, _FRAME - time)
    both = torch.nn.functional.pad(torch.stack((first, second)), (0, pad))
    counted = torch.nn.functional.pad(heard, (0, pad)).unfold(-1, _FRAME, _FRAME // 2).all(-1)
    hertz = torch.fft.rfftfreq(_FRAME, 1.0 / sample_rate_hz)
    edges = torch.tensor([hz / 2**0.5 for hz in OCTAVES_HZ] + [OCTAVES_HZ[-1] * 2**0.5])
    octave = torch.bucketize(hertz, edges) - 1
    inside = (octave >= 0) & (octave < len(OCTAVES_HZ))
    spans = max(1, -(-time // round(SPAN_S * sample_rate_hz)))
    starts = torch.arange(len(counted)) * (_FRAME // 2)
    span = (starts // round(SPAN_S * sample_rate_hz)).clamp(max=spans - 1)
    taper = torch.hann_window(_FRAME)
    sums = torch.zeros((3, spans, len(OCTAVES_HZ)))
    for number in range(spans):
        chosen = torch.nonzero((span == number) & counted)[:, 0]
        if not len(chosen):
            continue
        frames = both.unfold(-1, _FRAME, _FRAME // 2)[:, :, chosen] * taper
        one, two = torch.fft.rfft(frames)
        first_real, second_real = torch.view_as_real(one), torch.view_as_real(two)
        pairs = ((first_real, second_real), (first_real, first_real), (second_real, second_real))
        products = torch.stack([(a * b).sum(-1) for a, b in pairs])
        sums[:, number].index_add_(1, octave[inside], products.sum((1, 2))[:, inside])
    return (sums[0] / (sums[1] * sums[2]).sqrt()).T
