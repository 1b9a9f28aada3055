"""What differs on a strip that both results have: processors, their order, their dials."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from mixtrace.changes.change import Change, How
from mixtrace.changes.dials import dialled
from mixtrace.changes.pairs import longest_rising, paired_processors
from mixtrace.changes.side import Side
from mixtrace.graph import KEY, Graph, Passage

__all__ = ["chain_changes"]

_Sides = tuple[Side, Side]
_Chains = tuple[Passage, Passage]


def chain_changes(
    sides: _Sides, chains: _Chains, strips: Mapping[int, int]
) -> tuple[list[Change], int]:
    """Return what differs between the processors of a strip, in the order of the sound.

    Args:
        sides: the results.
        chains: the strip in each.
        strips: which strip of the first is which of the second.

    Returns:
        The changes, and how many settings differ by less than is known.
    """
    before, after = sides
    settings = tuple(
        {i: side.stored.node(i) for i in chain.processors}
        for side, chain in zip(sides, chains, strict=True)
    )
    graphs = before.graph, after.graph
    pairs = paired_processors(graphs, chains, (settings[0], settings[1]), strips)
    back = {new: old for old, new in pairs.items()}
    moves, close = _moves(sides, chains, pairs)
    changes: list[Change] = []
    for i in chains[1].processors:
        if i not in back:
            changes.append(_change(chains[1], "added", after.label(i), after=after.described(i)))
            continue
        changes += moves.get(i, ())
        turned, within = dialled(before.node(back[i]), after.node(i))
        close += within
        changes += [
            Change(
                chains[1].name,
                chains[1].role,
                _how(each.before, each.after),
                after.label(i),
                each.dial,
                each.before,
                each.after,
                each.difference,
                each.unit,
            )
            for each in turned
        ]
        changes += _keys(sides, chains[1], (back[i], i), strips)
    changes += [
        _change(chains[1], "removed", before.label(i), before=before.described(i))
        for i in chains[0].processors
        if i not in pairs
    ]
    return changes, close


def _change(chain: Passage, how: How, what: str, before: str = "", after: str = "") -> Change:
    return Change(chain.name, chain.role, how, what, before=before, after=after)


def _how(before: str, after: str) -> How:
    """Return what happened to a dial or band: one side may not have it."""
    if before and after:
        return "turned"
    return "added" if after else "removed"


def _moves(
    sides: _Sides, chains: _Chains, pairs: Mapping[int, int]
) -> tuple[dict[int, list[Change]], int]:
    """Return which processors stand elsewhere in the order, by their numbers in the second graph.

    Where a result says that the order of two cannot be told, their order is no change.
    """
    orders = _common(chains[0], set(pairs)), _common(chains[1], set(pairs.values()))
    back = {new: old for old, new in pairs.items()}
    place = {i: number for number, i in enumerate(orders[0])}
    ranks = [place[back[i]] for i in orders[1]]
    kept = longest_rising(ranks)
    found: dict[int, list[Change]] = {}
    close = 0
    for rank, i in zip(ranks, orders[1], strict=True):
        if rank in kept:
            continue
        passed = [
            j
            for other, j in zip(ranks, orders[1], strict=True)
            if (other < rank) != (orders[1].index(j) < orders[1].index(i)) and j != i
        ]
        if all(_unsure(sides, (back[i], back[j]), (i, j)) for j in passed):
            close += 1
            continue
        stood = _stands(sides[0], orders[0], back[i])
        stands = _stands(sides[1], orders[1], i)
        found[i] = [_change(chains[1], "moved", sides[1].label(i), stood, stands)]
    return found, close


def _common(chain: Passage, members: Collection[int]) -> list[int]:
    return [i for i in chain.processors if i in members]


def _unsure(sides: _Sides, old: tuple[int, int], new: tuple[int, int]) -> bool:
    """Return whether a result says that the order of two processors cannot be told."""
    return any(
        side.sureness is not None and bool({pair, pair[::-1]} & set(side.sureness.orders))
        for side, pair in zip(sides, (old, new), strict=True)
    )


def _stands(side: Side, order: Sequence[int], number: int) -> str:
    at = order.index(number)
    return f"after the {side.label(order[at - 1])}" if at else "first"


def _keys(
    sides: _Sides, chain: Passage, pair: tuple[int, int], strips: Mapping[int, int]
) -> Iterator[Change]:
    """Yield that a side-chain listens to another strip."""
    heard = [_listened(side.graph, i) for side, i in zip(sides, pair, strict=True)]
    before, after = ({strips.get(s, -1 - s) for s in heard[0]}, set(heard[1]))
    if heard[0] and heard[1] and before != after:
        was, now = (
            " and ".join(side.graph.strips[s].name for s in strips_heard)
            for side, strips_heard in zip(sides, heard, strict=True)
        )
        yield Change(chain.name, chain.role, "turned", sides[1].label(pair[1]), "key", was, now)


def _listened(graph: Graph, node: int) -> list[int]:
    keys = (graph.nodes[e.source].strip for e in graph.feeds[node] if e.port == KEY)
    return list(dict.fromkeys(keys))
