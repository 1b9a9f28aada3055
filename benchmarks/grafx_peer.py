"""The peer: GRAFX 0.6.0 with the published settings of Lee et al., one training step at a time.

The console is the one of the authors' code: every track and every group passes the chain
`e c n s g d r`, each processor with its own dry/wet weight, groups are summed into the mix. All
audio is stereo at 30 kHz; a mono track is duplicated. A window is 3.8 s long, its first second
is warm-up. On a processor without CUDA, GRAFX convolves through plain FFTs (the authors used a
bfloat16 kernel for the GPU); nothing else differs from their run.

GRAFX and what it needs are listed in requirements-bench.txt. Its import also wants torchaudio
and torchlpc, whose functions the published console never calls: where they are absent an empty
stand-in takes their place, and so it does for `grafx.draw`, which wants matplotlib.

Source: S. Lee et al., arXiv 2406.01049 and 2509.15948 (method, settings); arXiv 2408.03204
(GRAFX). Where text and code of the authors differ, this follows their code: the gain staging
regulariser acts on equalizers and reverbs only, and the optimiser starts anew every 500 steps.
"""

import importlib
import importlib.machinery
import importlib.util
import sys
import warnings
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import torch
from auraloss.freq import MultiResolutionSTFTLoss
from auraloss.perceptual import FIRFilter
from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["SAMPLE_RATE_HZ", "WARM_UP_SAMPLES", "WINDOW_SAMPLES", "GrafxPeer", "PublishedLoss"]

SAMPLE_RATE_HZ = 30_000
WINDOW_SAMPLES = 114_000
WARM_UP_SAMPLES = 30_000

CHAIN = ("eq", "compressor", "noisegate", "stereo_imager", "gain_panning", "delay", "reverb")
GAIN_STAGED = ("eq", "reverb")
LEARNING_RATE = 0.01
STEPS_PER_OPTIMISER = 500
GAIN_STAGING_WEIGHT = 1e-3
RADIUS_WEIGHT = 0.5


class GrafxPeer:
    """The published console on one song, its parameters and its optimiser.

    Args:
        tracks: dry tracks at 30 kHz, each [channel, time] with one or two channels; shorter ones
            are padded with zeros to the length of the mix, longer ones are cut.
        groups: the track numbers of every bus; each track belongs to exactly one.
        mix: the target at 30 kHz, [channel, time] with one or two channels.
        seed: seed of the random start (every parameter is normal with standard deviation 0.01).

    Raises:
        ModuleNotFoundError: GRAFX is not installed.
        ValueError: a track is in no group or in several, or audio has another shape.
    """

    def __init__(
        self,
        tracks: Sequence[Float[Tensor, "channel time"]],
        groups: Sequence[Sequence[int]],
        mix: Float[Tensor, "channel time"],
        *,
        seed: int = 42,
    ) -> None:
        """Build the console and draw its start."""
        if sorted(track for group in groups for track in group) != list(range(len(tracks))):
            raise ValueError(
                f"Expected each of {len(tracks)} tracks in exactly one group; got {groups}. "
                "List every track number once."
            )
        self._grafx = _import_grafx()
        self._song_samples = mix.shape[-1]
        self._tracks = torch.stack([_stereo_padded(t, self._song_samples) for t in tracks])
        self._mix = _stereo_padded(mix, self._song_samples)
        self._loss = PublishedLoss()
        self._processors = _processors(self._grafx.processors)
        graph = _console(self._grafx, groups)
        self._plan = self._grafx.render.prepare_render(self._grafx.data.convert_to_tensor(graph))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._parameters = self._grafx.utils.create_empty_parameters(self._processors, graph)
        self._weight_logits = nn.Parameter(torch.zeros(graph.number_of_nodes()))
        self._optimiser = self._new_optimiser()
        self._steps_taken = 0

    def step(self, window_start: int) -> float:
        """Take one published training step and return the match loss before it.

        Args:
            window_start: first sample of the 3.8 s window, 0 <= window_start < length of the mix.
        """
        if self._steps_taken % STEPS_PER_OPTIMISER == 0:
            self._optimiser = self._new_optimiser()
        estimate, regularisation = self._forward(window_start)
        match = self._loss(target=self._window(self._mix, window_start), estimate=estimate)
        self._optimiser.zero_grad()
        (match + regularisation).backward()
        self._optimiser.step()
        self._steps_taken += 1
        return match.item()

    def render(self, window_start: int) -> Float[Tensor, "2 time"]:
        """Return the console's output in the 3.8 s window that starts at `window_start`.

        The window is padded with zeros past the end of the song; its first second is warm-up.
        """
        with torch.no_grad():
            return self._forward(window_start)[0]

    def _forward(self, window_start: int) -> tuple[Float[Tensor, "2 time"], Float[Tensor, ""]]:
        """Return the estimate and the weighted sum of the regularisers."""
        output, intermediates, _ = self._grafx.render.render_grafx(
            self._processors,
            self._window(self._tracks, window_start),
            self._parameters,
            self._plan,
            common_parameters={"drywet_weight": torch.sigmoid(self._weight_logits)},
            parameters_grad=torch.is_grad_enabled(),
        )
        return output[0], _regularisation(intermediates)

    def _window(
        self, audio: Float[Tensor, "*batch channel time"], start: int
    ) -> Float[Tensor, "*batch channel window"]:
        if not 0 <= start < self._song_samples:
            raise ValueError(
                f"Expected a window that starts in the song's {self._song_samples} samples; "
                f"got {start}. Draw it from that range."
            )
        return audio[..., start : start + WINDOW_SAMPLES]

    def _new_optimiser(self) -> torch.optim.Optimizer:
        parameters = [*self._parameters.parameters(), self._weight_logits]
        return torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=0.0)


class PublishedLoss(nn.Module):
    """L_a in the published convention: spectral convergence is divided by the estimate's norm.

    The A-weighting is the same for the three resolutions and is applied once, which the authors'
    code does not do: the same value for a third of the cost.

    Source: arXiv 2406.01049 eq. (4), with the order of the arguments in the authors' code.
    """

    def __init__(self) -> None:
        """Build the filter and the three resolutions."""
        super().__init__()
        self._a_weighting = FIRFilter("aw", fs=SAMPLE_RATE_HZ)
        self._distance = MultiResolutionSTFTLoss(
            fft_sizes=[512, 1024, 4096],
            hop_sizes=[128, 256, 1024],
            win_lengths=[512, 1024, 4096],
            sample_rate=SAMPLE_RATE_HZ,
            scale="mel",
            n_bins=96,
            eps=1e-4,
        )

    def forward(
        self, *, target: Float[Tensor, "2 time"], estimate: Float[Tensor, "2 time"]
    ) -> Float[Tensor, ""]:
        """Return the mean over left, right, mid and side; the first second is not counted."""
        weighted = self._a_weighting(_left_right_mid_side(target), _left_right_mid_side(estimate))
        losses = [self._distance(t[None], e[None]) for t, e in zip(*weighted, strict=True)]
        return torch.stack(losses).mean()


def _left_right_mid_side(audio: Float[Tensor, "2 time"]) -> Float[Tensor, "4 1 counted"]:
    left, right = audio[..., WARM_UP_SAMPLES:]
    return torch.stack([left, right, left + right, left - right])[:, None]


def _regularisation(intermediates: Sequence[Mapping[str, Tensor]]) -> Float[Tensor, ""]:
    """Return gain staging and delay radii, weighted as published."""
    gain_staging = sum(found["gain_reg"] for found in intermediates if "gain_reg" in found)
    radius = sum(found["radii_reg"] for found in intermediates if "radii_reg" in found)
    return torch.as_tensor(GAIN_STAGING_WEIGHT * gain_staging + RADIUS_WEIGHT * radius)


def _processors(library: Any) -> nn.ModuleDict:
    """Return one GRAFX processor a kind, with its defaults, in its dry/wet wrapper."""
    fft = {"flashfftconv": False}
    plain = {
        "eq": library.ZeroPhaseFIREqualizer(),
        "compressor": library.Compressor(**fft),
        "noisegate": library.NoiseGate(**fft),
        "stereo_imager": library.SideGainImager(),
        "gain_panning": library.StereoGain(),
        "delay": library.MultitapDelay(**fft),
        "reverb": library.STFTMaskedNoiseReverb(**fft),
    }
    staged = {
        kind: library.GainStagingRegularization(processor) if kind in GAIN_STAGED else processor
        for kind, processor in plain.items()
    }
    return nn.ModuleDict({kind: library.DryWet(processor) for kind, processor in staged.items()})


def _console(grafx: Any, groups: Sequence[Sequence[int]]) -> Any:
    """Return the GRAFX graph: chains on tracks and buses, inputs in the order of the tracks."""
    configs = grafx.data.NodeConfigs(list(CHAIN))
    graph = grafx.data.GRAFX(config=configs)
    track_ends = []
    for _ in range(sum(map(len, groups))):
        source = graph.add("in")
        first, last = graph.add_serial_chain(list(CHAIN))
        graph.connect(source, first)
        track_ends.append(last)
    bus_ends = []
    for group in groups:
        bus, last = graph.add_serial_chain(["mix", *CHAIN])
        for track in group:
            graph.connect(track_ends[track], bus)
        bus_ends.append(last)
    output = graph.add("out")
    for last in bus_ends:
        graph.connect(last, output)
    order = [configs.node_type_to_index[kind] for kind in ("in", *CHAIN, "mix", *CHAIN, "out")]
    return grafx.render.reorder_for_fast_render(graph, method="fixed", fixed_order=order)


def _stereo_padded(
    audio: Float[Tensor, "channel time"], song_samples: int
) -> Float[Tensor, "2 padded"]:
    """Return two channels of the song's length and one window of silence after it."""
    if audio.ndim != 2 or audio.shape[0] not in (1, 2):
        raise ValueError(
            f"Expected audio [channel, time] with one or two channels; got {list(audio.shape)}. "
            "Mix it down first."
        )
    padded = audio.new_zeros(2, song_samples + WINDOW_SAMPLES)
    kept = audio[:, :song_samples]
    padded[:, : kept.shape[1]] = kept
    return padded


def _import_grafx() -> ModuleType:
    """Import GRAFX, with stand-ins for modules that it imports and the console never calls."""
    _stand_in("torchaudio", __version__="2.4.0")
    _stand_in("torchaudio.functional", lfilter=None)
    if importlib.util.find_spec("torchlpc") is None:
        _stand_in("torchlpc", sample_wise_lpc=None)
    _stand_in("grafx.draw")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch_geometric's use of torch.jit
        for part in ("data", "processors", "render", "utils"):
            importlib.import_module(f"grafx.{part}")
    return sys.modules["grafx"]


def _stand_in(name: str, **attributes: object) -> None:
    if name not in sys.modules:
        module = importlib.util.module_from_spec(importlib.machinery.ModuleSpec(name, None))
        vars(module).update(attributes)
        sys.modules[name] = module
