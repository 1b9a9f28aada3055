"""Learn to tell a processor's kind from what stands around it: predict_kind.py DATASET."""

import sys

import torch
from torch.nn.functional import cross_entropy, one_hot
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader
from torch_geometric.nn import GraphConv

from mixtrace import corpus

torch.manual_seed(0)
dataset = corpus.load(sys.argv[1])
nodes, edges = dataset.pandas("nodes"), dataset.pandas("edges")
nodes["heard on"] = nodes["role"] + " " + nodes["family"]
kinds, places = (sorted(nodes[name].unique()) for name in ("kind", "heard on"))


def examples(song):
    """Yield the graph of a song once for each of its processors, whose kind is hidden."""
    own, wires = nodes[nodes["song"] == song], edges[edges["song"] == song]
    row = {node: number for number, node in enumerate(own["node"])}
    ends = torch.tensor([[row[n] for n in wires[end]] for end in ("source", "destination")])
    kind = torch.tensor([kinds.index(k) for k in own["kind"]])
    place = one_hot(torch.tensor([places.index(p) for p in own["heard on"]]), len(places))
    for i in (row[node] for node in own[own["wet"].notna()]["node"]):
        seen = one_hot(kind, len(kinds))
        seen[i] = 0
        yield Data(torch.cat([seen, place], 1).float(), ends, y=kind[i : i + 1], hidden=i)


def told(batch):
    """Return how likely each kind is for what is hidden: messages along and against the wires."""
    x = batch.x
    for along, against in zip(ahead, back, strict=True):
        x = torch.relu(along(x, batch.edge_index) + against(x, batch.edge_index.flip(0)))
    return tell(x[batch.hidden + batch.ptr[:-1]])


sizes = [len(kinds) + len(places), 64, 64, 64]
ahead, back = (torch.nn.ModuleList(map(GraphConv, sizes, sizes[1:])) for _ in range(2))
tell = torch.nn.Linear(64, len(kinds))
cut = len(dataset) * 4 // 5
train = [each for song in list(dataset)[:cut] for each in examples(song)]
test = [each for song in list(dataset)[cut:] for each in examples(song)]
adam = torch.optim.Adam([*ahead.parameters(), *back.parameters(), *tell.parameters()], 1e-3)
for _ in range(30):
    for batch in DataLoader(train, 64, shuffle=True):
        adam.zero_grad()
        cross_entropy(told(batch), batch.y).backward()
        adam.step()
with torch.no_grad():
    (batch,) = DataLoader(test, len(test))
    right = (told(batch).argmax(1) == batch.y).float().mean()
usual = torch.cat([each.y for each in train]).mode().values
print(f"{len(train)} processors to learn from, {len(test)} to tell: {right:.0%} right,")
print(f"{(batch.y == usual).float().mean():.0%} for who always says {kinds[usual]}")
