"""The peer: GRAFX 0.6.0 with the published settings of Lee et al., one training step at a time.

The console is the one of the authors' code: every track and every group passes the chain
`e c n s g d r`, each processor with its own dry/wet weight, groups are summed into the mix. All
audio is stereo at 30 kHz; a mono track is duplicated. A window is 3.8 s long, its first second
is warm-up. GRAFX convolves through plain FFTs, on a GPU too (the authors used a bfloat16 kernel
there, which needs a library of its own); nothing else differs from their run.

A pruned console is another graph: what is removed costs nothing and nothing regularises it any
more. The trials of a search need no new graph, they set dry/wet weights to zero, as published.

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
from collections.abc import Collection, Mapping, Sequence
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
        seed: seed of the random start (every parameter is normal with standard deviation 0.01),
            which is the same on every device.
        device: where to compute.

    Attributes:
        chains: the kinds that are left of every chain, tracks first, then buses.
        holders: for each kind, the numbers of the chains that hold it: the order of its rows.

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
        device: torch.device | str = "cpu",
    ) -> None:
        """Build the console and draw its start."""
        if sorted(track for group in groups for track in group) != list(range(len(tracks))):
            raise ValueError(
                f"Expected each of {len(tracks)} tracks in exactly one group; got {groups}. "
                "List every track number once."
            )
        self._grafx = _import_grafx()
        self._device, self._groups = torch.device(device), groups
        self._song_samples = mix.shape[-1]
        padded = [_stereo_padded(t, self._song_samples) for t in tracks]
        self._tracks = torch.stack(padded).to(self._device)
        self._mix = _stereo_padded(mix, self._song_samples).to(self._device)
        self._loss = PublishedLoss().to(self._device)
        self._processors = _processors(self._grafx.processors).to(self._device)
        graph = self._lay_out((CHAIN,) * (len(tracks) + len(groups)))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            drawn = self._grafx.utils.create_empty_parameters(self._processors, graph)
        self._take({kind: dict(named.items()) for kind, named in drawn.items()}, {})

    def step(self, window_start: int, *, sparsity: float = 0.0) -> float:
        """Take one published training step and return the match loss before it.

        Args:
            window_start: first sample of the 3.8 s window, 0 <= window_start < length of the mix.
            sparsity: weight of the sum of the dry/wet weights, which pruning adds to the loss.
        """
        if self._steps_taken % STEPS_PER_OPTIMISER == 0:
            self._optimiser = self._new_optimiser()
        estimate, total = self._forward(window_start)
        match = self._loss(target=self._window(self._mix, window_start), estimate=estimate)
        total = match + total
        if sparsity:
            weights = torch.sigmoid(self._weight_logits)
            total = total + sparsity * sum(weights[n].sum() for n in self._nodes.values())
        self._optimiser.zero_grad()
        total.backward()
        self._optimiser.step()
        self._steps_taken += 1
        return match.item()

    def render(
        self, window_start: int, *, removed: Mapping[str, Collection[int]] | None = None
    ) -> Float[Tensor, "2 time"]:
        """Return the console's output in the 3.8 s window that starts at `window_start`.

        The window is padded with zeros past the end of the song; its first second is warm-up.

        Args:
            window_start: first sample of the window.
            removed: for each kind, the rows whose dry/wet weight is taken for zero.
        """
        with torch.no_grad():
            return self._forward(window_start, removed or {})[0]

    def weights(self) -> dict[str, Float[Tensor, " row"]]:
        """Return the dry/wet weights of every kind that is left, on the CPU."""
        weights = torch.sigmoid(self._weight_logits.detach()).cpu()
        return {kind: weights[nodes] for kind, nodes in self._nodes.items() if nodes}

    def prune(self, removed: Mapping[str, Collection[int]]) -> None:
        """Take rows of some kinds out of the graph for good; the optimiser starts anew."""
        kept = {
            kind: [row for row in range(len(holders)) if row not in removed.get(kind, ())]
            for kind, holders in self.holders.items()
        }
        holders = {kind: [self.holders[kind][row] for row in rows] for kind, rows in kept.items()}
        parameters = {
            kind: {name: value.detach()[kept[kind]] for name, value in named.items()}
            for kind, named in self._parameters.items()
        }
        logits = {
            kind: self._weight_logits.detach()[nodes][kept[kind]]
            for kind, nodes in self._nodes.items()
        }
        self._lay_out(
            [
                [kind for kind in chain if number in holders[kind]]
                for number, chain in enumerate(self.chains)
            ]
        )
        assert self.holders == holders, "GRAFX must keep the order of the rows that are left"
        self._take(parameters, logits)

    def memory(self) -> dict[str, Tensor]:
        """Return everything that training changes as named tensors on the CPU."""
        flat = {"steps": torch.tensor(self._steps_taken)}
        for name, value in self._named().items():
            flat[name] = value.detach().cpu().clone()
            for entry, tensor in self._optimiser.state.get(value, {}).items():
                flat[f"{name}/{entry}"] = tensor.cpu().clone()
        return flat

    def restore(self, chains: Sequence[Sequence[str]], memory: Mapping[str, Tensor]) -> None:
        """Go back to the chains and the `memory` of an earlier moment."""
        self._lay_out(chains)
        parameters = {
            kind: {name: memory[f"{kind}.{name}"] for name in named}
            for kind, named in self._parameters.items()
        }
        logits = {kind: memory["weight_logits"][nodes] for kind, nodes in self._nodes.items()}
        self._take(parameters, logits)
        self._steps_taken = int(memory["steps"])
        for name, value in self._named().items():
            entries = [key for key in memory if key.startswith(f"{name}/")]
            if entries:
                self._optimiser.state[value] = {
                    key.split("/")[1]: _moment(memory[key], value) for key in entries
                }

    def _lay_out(self, chains: Sequence[Sequence[str]]) -> Any:
        """Plan the rendering of some chains and return their graph."""
        graph = _console(self._grafx, self._groups, chains)
        plan = self._grafx.render.prepare_render(self._grafx.data.convert_to_tensor(graph))
        self._plan = _on_device(plan, self._device)
        self.chains = tuple(tuple(chain) for chain in chains)
        self.holders: dict[str, list[int]] = {kind: [] for kind in CHAIN}
        self._nodes: dict[str, list[int]] = {kind: [] for kind in CHAIN}
        for node, facts in sorted(graph.nodes(data=True)):
            if facts["node_type"] in CHAIN:
                self.holders[facts["node_type"]].append(facts["name"])
                self._nodes[facts["node_type"]].append(node)
        return graph

    def _take(
        self, parameters: Mapping[str, Mapping[str, Tensor]], logits: Mapping[str, Tensor]
    ) -> None:
        """Take copies of the values of all kinds; weights without a logit are one half."""
        self._parameters = {
            kind: {
                name: nn.Parameter(value.detach().to(self._device, copy=True))
                for name, value in named.items()
            }
            for kind, named in parameters.items()
        }
        by_node = torch.zeros(self._plan.num_nodes, device=self._device)
        for kind, values in logits.items():
            by_node[self._nodes[kind]] = values.to(self._device)
        self._weight_logits = nn.Parameter(by_node)
        self._optimiser, self._steps_taken = self._new_optimiser(), 0

    def _named(self) -> dict[str, nn.Parameter]:
        """Return what the optimiser moves, by name."""
        named = {
            f"{kind}.{name}": value
            for kind, values in self._parameters.items()
            for name, value in values.items()
        }
        return {**named, "weight_logits": self._weight_logits}

    def _forward(
        self, window_start: int, removed: Mapping[str, Collection[int]] | None = None
    ) -> tuple[Float[Tensor, "2 time"], Float[Tensor, ""]]:
        """Return the estimate and the weighted sum of the regularisers."""
        weights = torch.sigmoid(self._weight_logits)
        if removed:
            weights[[self._nodes[kind][row] for kind, rows in removed.items() for row in rows]] = 0
        output, intermediates, _ = self._grafx.render.render_grafx(
            self._processors,
            self._window(self._tracks, window_start),
            self._parameters,
            self._plan,
            common_parameters={"drywet_weight": weights},
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
        return torch.optim.AdamW(list(self._named().values()), lr=LEARNING_RATE, weight_decay=0.0)


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


def _console(grafx: Any, groups: Sequence[Sequence[int]], chains: Sequence[Sequence[str]]) -> Any:
    """Return the GRAFX graph of some chains, tracks first, inputs in the order of the tracks.

    Every processor has the number of its chain for a name, which survives the reordering.
    """
    configs = grafx.data.NodeConfigs(list(CHAIN))
    graph = grafx.data.GRAFX(config=configs)

    def append_chain(end: int, number: int) -> int:
        for kind in chains[number]:
            node = graph.add(kind, name=number)
            graph.connect(end, node)
            end = node
        return end

    tracks = sum(map(len, groups))
    track_ends = [append_chain(graph.add("in"), number) for number in range(tracks)]
    bus_ends = []
    for number, group in enumerate(groups, tracks):
        bus = graph.add("mix")
        for track in group:
            graph.connect(track_ends[track], bus)
        bus_ends.append(append_chain(bus, number))
    output = graph.add("out")
    for last in bus_ends:
        graph.connect(last, output)
    # The order may name kinds that are gone: GRAFX passes over them.
    order = [configs.node_type_to_index[kind] for kind in ("in", *CHAIN, "mix", *CHAIN, "out")]
    return grafx.render.reorder_for_fast_render(graph, method="fixed", fixed_order=order)


def _on_device(plan: Any, device: torch.device) -> Any:
    """Return a plan with its indices moved, in place: GRAFX leaves them where they were made."""
    for stage in plan.iter_list:
        for access in (*stage.source_reads, *stage.aggregations, stage.parameter_read):
            _move_index(access, device)
        _move_index(stage.dest_write, device)
    return plan


def _move_index(access: Any, device: torch.device) -> None:
    if isinstance(access.idx, Tensor):
        access.idx = access.idx.to(device)


def _moment(stored: Tensor, value: Tensor) -> Tensor:
    """Return an entry of the optimiser's state where AdamW keeps it: its step stays on the CPU."""
    return stored.clone() if stored.ndim == 0 else stored.to(value.device, copy=True)


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
