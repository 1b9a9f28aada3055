"""The facts of a stored graph: its dials, and what they do in its full render.

What a track passes alone is its own place, whichever strip it stands on. Returns are rendered for
each track alone, of their processors those that are linear.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Bool, Float
from known_curves import GRID_HZ, relative_db, spread_db, third_octaves_db
from known_dials import (
    DYNAMICS_KINDS,
    ECHOES,
    EQUALIZERS,
    RIDES,
    bells,
    constant_db,
    dials,
    response,
    ride_db,
    sides,
    through,
    tone_db,
)
from known_facts import HEARD_DB, Dynamics, Echo, Facts, Place
from known_measures import BLOCK_S, gain_db, sounding
from known_ways import Aside, Way, asides, way

from mixtrace.dsp import mid_rt60_s
from mixtrace.processors import NodeSettings
from mixtrace.rendering import render_taps
from mixtrace.store import StoredGraph

__all__ = ["found_facts"]

Audio = Float[np.ndarray, "2 time"]


def found_facts(
    stored: StoredGraph, tracks: Sequence[Float[np.ndarray, "_channel time"]], rate: int
) -> Facts:
    """Return the facts of a graph, and where its dry tracks sound.

    Args:
        stored: any graph whose tracks' ways to the mix are chains.
        tracks: in the order of its inputs, aligned.
        rate: theirs.
    """
    return _Found(stored, tracks, rate).facts()


class _Found:
    """A rendered graph."""

    def __init__(
        self, stored: StoredGraph, tracks: Sequence[Float[np.ndarray, "_channel time"]], rate: int
    ) -> None:
        graph = stored.graph
        self._stored, self._graph, self._rate = stored, graph, rate
        self._block = round(BLOCK_S * rate)
        self._ways = {graph.name(i): way(graph, i) for i in graph.inputs}
        self._asides = {name: list(asides(graph, one)) for name, one in self._ways.items()}
        measured = (*DYNAMICS_KINDS, *ECHOES, *EQUALIZERS, "saturation")
        around = [i for i in graph.processors if graph.nodes[i].kind in measured]
        taps = {*around, *(edge.source for i in around for edge in graph.feeds[i])}
        taps |= {one.own[-1] for one in self._ways.values()}
        taps |= {one.source for leaving in self._asides.values() for one in leaving}
        dry = [torch.from_numpy(np.ascontiguousarray(track, np.float32)) for track in tracks]
        _, tapped = render_taps(graph, stored.settings, dry, rate, taps)
        self._tapped = {i: audio.expand(2, -1).numpy() for i, audio in tapped.items()}
        blocks = -(-dry[0].shape[-1] // self._block)
        named = [(name, audio.numpy()) for name, audio in zip(self._ways, dry, strict=True)]
        self._sounding = {name: sounding(audio, self._block) for name, audio in named}
        self._heard = {name: _heard(third_octaves_db(audio, rate)) for name, audio in named}
        self._moment_s = (np.arange(blocks) + 0.5) * self._block / rate

    def facts(self) -> Facts:
        """Return the facts of all places, and of the sends."""
        everyone = frozenset(self._ways)
        shared: dict[frozenset[str], list[int]] = {everyone: []}
        for one in self._ways.values():
            for i in one.shared:
                nodes = shared.setdefault(self._members(i), [])
                nodes += [i] if i not in nodes else []
        groups = {
            "+".join(sorted(members)): self._place(nodes, members)
            for members, nodes in shared.items()
            if members != everyone
        }
        kinds = {a.name: self._return_kind(a) for leaving in self._asides.values() for a in leaving}
        return Facts(
            half="",
            tracks={name: self._track(name) for name in self._ways},
            groups=groups,
            master=self._place(shared[everyone], everyone),
            returns=kinds,
            sends={name: self._sends(name, kind) for name, kind in kinds.items()},
            heard=self._heard,
            on={
                **self._sounding,
                **{"+".join(sorted(members)): self._on(members) for members in shared},
                "master": self._on(everyone),
            },
        )

    def _on(self, members: frozenset[str]) -> Bool[np.ndarray, " block"]:
        """Return the blocks in which some of the tracks sound."""
        return np.any([self._sounding[name] for name in members], 0)

    def _members(self, node: int) -> frozenset[str]:
        graph = self._graph
        return frozenset(graph.name(graph.inputs[n]) for n in graph.tracks[node])

    def _place(self, nodes: Sequence[int], members: frozenset[str]) -> Place:
        eqs = [i for i in nodes if self._kind(i) in EQUALIZERS]
        curves = [tone_db(self._node(i), self._rate) for i in eqs]
        eq_db = np.sum(curves, 0) if eqs else np.zeros(len(GRID_HZ))
        rides = [ride_db(self._node(i), self._moment_s) for i in nodes if self._kind(i) in RIDES]
        ridden_db = np.sum(rides, 0) if rides else None
        drawn = any(self._kind(i) == "equalizer" for i in eqs)
        return Place(
            tracks=members,
            eq_db=eq_db,
            eq_effect_db=self._eq_effect_db(eqs[0], eq_db) if eqs else 0.0,
            bells=None if drawn else tuple(b for i in eqs for b in bells(self._node(i))),
            dynamics=tuple(self._dynamics(i) for i in nodes if self._kind(i) in DYNAMICS_KINDS),
            saturation_db=max(
                (self._bent_db(i) for i in nodes if self._kind(i) == "saturation"), default=0.0
            ),
            ride_db=ridden_db,
            ride_effect_db=0.0 if ridden_db is None else spread_db(ridden_db[self._on(members)]),
        )

    def _track(self, name: str) -> Place:
        one = self._ways[name]
        nodes = (*one.own, *one.shared)
        acting = self._processors(nodes)
        own = self._place(one.own, frozenset([name]))
        gains = np.prod([np.ones(2), *(sides(self._node(i)) for i in acting)], 0)
        level_db = relative_db(np.square(gains).mean())
        level_db += self._edges_db(one) + sum(constant_db(self._node(i)) for i in acting)
        level_db += self._shared_tone_db(one)
        on = self._on(own.tracks)
        level_db += 0.0 if own.ride_db is None else float(np.median(own.ride_db[on]))
        inserts = [self._insert(i) for i in nodes if self._kind(i) in ECHOES]
        sent = [echo for aside in self._asides[name] for echo in self._sent(name, aside)]
        pan = 4.0 / np.pi * float(np.arctan2(gains[1], gains[0])) - 1.0
        return replace(own, echoes=(*inserts, *sent), level_db=level_db, pan=pan)

    def _kind(self, node: int) -> str:
        return self._graph.nodes[node].kind

    def _processors(self, nodes: Sequence[int]) -> list[int]:
        return [i for i in nodes if self._graph.nodes[i].is_processor]

    def _node(self, node: int) -> NodeSettings:
        return self._stored.node(node)

    def _before(self, node: int) -> Audio:
        feeds = [edge for edge in self._graph.feeds[node] if edge.port == "main"]
        return np.sum([10.0 ** (e.level_db / 20.0) * self._tapped[e.source] for e in feeds], 0)

    def _edges_db(self, one: Way) -> float:
        """Return the level of all edges on a way; of two between the same nodes, the first's."""
        nodes = (*one.own, *one.shared)
        levels = {(e.source, e.destination): e.level_db for e in reversed(self._graph.edges)}
        return sum(levels[pair] for pair in pairwise(nodes))

    def _shared_tone_db(self, one: Way) -> float:
        """Return the gain of equalizers on groups and master: the median where a track sounds."""
        eqs = [i for i in one.shared if self._kind(i) in EQUALIZERS]
        if not eqs:
            return 0.0
        levels = third_octaves_db(self._tapped[one.own[-1]], self._rate)
        curve = np.sum([tone_db(self._node(i), self._rate) for i in eqs], 0)
        return float(np.median(curve[_heard(levels)]))

    def _eq_effect_db(self, first: int, eq_db: Float[np.ndarray, " point"]) -> float:
        heard = _heard(third_octaves_db(self._before(first), self._rate))
        return float(np.abs(eq_db - np.median(eq_db[heard]))[heard].max())

    def _dynamics(self, node: int) -> Dynamics:
        own, before = self._node(node), self._before(node)
        moved_db = gain_db(before, self._tapped[node], self._block) - constant_db(own)
        on = sounding(before, self._block)
        energy = np.square(before[:, np.repeat(on, self._block)[: before.shape[-1]]], dtype=float)
        entering_db = relative_db(energy.mean())
        return Dynamics(
            DYNAMICS_KINDS[own.kind], spread_db(moved_db[on]), moved_db, *dials(own, entering_db)
        )

    def _bent_db(self, node: int) -> float:
        before, after = self._before(node), self._tapped[node]
        scale = float(np.sum(before * after, dtype=float)) / max(_energy(before), 1e-20)
        bent_db = relative_db(_energy(after - scale * before), _energy(after))
        return 20.0 * np.log10(1.0 + 10.0 ** (bent_db / 20.0))

    def _insert(self, node: int) -> Echo:
        before, own = self._before(node), self._node(node)
        direct = (1.0 - own.wet) * before
        wet_db = relative_db(_energy(self._tapped[node] - direct), _energy(direct))
        return self._echo(node, "", wet_db)

    def _echo(self, node: int, via: str, wet_db: float) -> Echo:
        own, kind = self._node(node), ECHOES[self._kind(node)]
        if kind == "reverb":
            return Echo(
                kind,
                via,
                wet_db,
                rt60_s=mid_rt60_s(torch.from_numpy(response(own, self._rate)), self._rate),
            )
        if own.kind == "feedback_delay":
            time_ms, feedback = own.number("time_ms"), own.number("feedback")
            return Echo(kind, via, wet_db, time_ms=time_ms, feedback=feedback)
        loudest = int(np.argmax(np.abs(response(own, self._rate)).max(0)))
        return Echo(kind, via, wet_db, time_ms=1000.0 * loudest / self._rate)

    def _return_kind(self, aside: Aside) -> str:
        kinds = {ECHOES[self._kind(i)] for i in aside.nodes if self._kind(i) in ECHOES}
        return "+".join(sorted(kinds)) or "parallel"

    def _sent(self, name: str, aside: Aside) -> list[Echo]:
        """Return the echoes that a track has by a send: the whole return's level, dials by node."""
        echoes = [i for i in aside.nodes if self._kind(i) in ECHOES]
        if not echoes:
            return []
        end = self._tapped[self._ways[name].own[-1]]
        alone = aside.source in self._ways[name].own
        audio = self._tapped[aside.source] if alone else end
        audio = 10.0 ** (aside.level_db / 20.0) * audio
        for i in (*aside.sends, *aside.nodes):
            audio = self._through(i, audio)
        wet_db = relative_db(_energy(audio), _energy(end))
        return [self._echo(i, aside.name, wet_db) for i in echoes]

    def _through(self, node: int, audio: Audio) -> Audio:
        """Return audio behind a linear processor; others leave it as it is."""
        is_processor = self._graph.nodes[node].is_processor
        return through(self._node(node), audio, self._rate) if is_processor else audio

    def _sends(self, name: str, kind: str) -> dict[str, float]:
        sends = {}
        for track, leaving in self._asides.items():
            for aside in leaving:
                if aside.name == name:
                    echoes = self._sent(track, aside)
                    gains = [
                        np.square(sides(self._node(i))).mean()
                        for i in self._processors(aside.sends)
                    ]
                    level_db = aside.level_db + relative_db(math.prod(gains))
                    sends[track] = echoes[0].wet_db if echoes else level_db
        return sends


def _heard(levels_db: Float[np.ndarray, " point"]) -> Bool[np.ndarray, " point"]:
    return levels_db >= levels_db.max() + HEARD_DB


def _energy(audio: Audio) -> float:
    return float(np.square(audio, dtype=np.float64).sum())
