"""Learn to tell a processor's kind from what stands around it: predict_kind.py DATASET SEED.

With a third argument, `alone`, the network sees no wires: only on which kind of strip it stands.
"""

import sys
from itertools import pairwise

import torch
from torch.nn.functional import cross_entropy, one_hot
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader
from torch_geometric.nn import RGCNConv

from mixtrace import corpus

folder, seed, *alone = sys.argv[1:]
torch.manual_seed(int(seed))
dataset = corpus.load(folder)
nodes, edges = dataset.pandas("nodes"), dataset.pandas("edges")
kinds, places = (c.astype("category") for c in (nodes.kind, nodes.role + " " + nodes.family))
features = [one_hot(torch.tensor(c.cat.codes.to_numpy()).long()) for c in (kinds, places)]


def examples(song):
    """Yield the graph of a song once for each of its processors, whose kind is hidden."""
    own, wires = nodes[nodes.song == song], edges[edges.song == song][: 0 if alone else None]
    kind, place = (feature[own.index] for feature in features)
    row = dict(zip(own.node, range(len(own)), strict=True))
    ends = torch.tensor([[row[n] for n in wires[e]] for e in ("source", "destination")]).long()
    ways, both = torch.arange(2).repeat_interleave(len(wires)), torch.cat([ends, ends.flip(0)], 1)
    for i in own.wet.notna().to_numpy().nonzero()[0].tolist():
        seen = kind.clone()
        seen[i] = 0
        x, y = torch.cat([seen, place], 1).float(), kind[i].argmax()
        yield Data(x, both, y=y, ways=ways, hidden=i)


def told(batch):
    """Return how likely each kind is for what is hidden: three steps along and against wires."""
    x = batch.x
    for layer in layers:
        x = torch.relu(layer(x, batch.edge_index, batch.ways))
    return tell(x[batch.hidden + batch.ptr[:-1]])


widths, songs = [sum(f.shape[1] for f in features), 64, 64, 64], list(dataset)
layers = torch.nn.ModuleList(RGCNConv(a, b, 2) for a, b in pairwise(widths))
tell = torch.nn.Linear(64, features[0].shape[1])
order, cut = torch.randperm(len(songs)).tolist(), len(songs) * 4 // 5
train, test = ([e for i in some for e in examples(songs[i])] for some in (order[:cut], order[cut:]))
adam = torch.optim.Adam([*layers.parameters(), *tell.parameters()], 1e-3)
for _ in range(20):
    for batch in DataLoader(train, 64, shuffle=True):
        adam.zero_grad()
        cross_entropy(told(batch), batch.y).backward()
        adam.step()
with torch.no_grad():
    (batch,) = DataLoader(test, len(test))
    right = (told(batch).argmax(1) == batch.y).float().mean()
usual = torch.stack([each.y for each in train]).mode().values
print(f"{len(train)} processors to learn from, {len(test)} to tell: {right:.1%} right,")
share, name = (batch.y == usual).float().mean(), kinds.cat.categories[int(usual)]
print(f"{share:.1%} for who always says {name}")
