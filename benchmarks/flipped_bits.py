"""Damaged checkpoints: is a flipped bit ever let in?

Usage: flipped_bits.py [--bits 400] [--seed 0]

Single bits are flipped at random places of a checkpoint, in the last state or, one time in four, in
both that are kept, and it is loaded. Prints Markdown.
"""

import argparse
import random
import tempfile
from collections import Counter
from pathlib import Path

import torch
from stopped_runs import table

from mixtrace.errors import MixtraceError
from mixtrace.store import Checkpoint


def main() -> None:
    """Flip bits and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bits", type=int, default=400, help="bits to flip")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(bits_table(Path(folder), given.bits, random.Random(given.seed)))


def bits_table(folder: Path, count: int, rng: random.Random) -> str:
    """Flip bits of a checkpoint and load it; return what came of each."""
    noise = torch.Generator().manual_seed(0)
    checkpoint = Checkpoint(folder / "checkpoint.safetensors", "bench")
    for step in (1, 2):
        tensors = {
            f"now/equalizer/{name}": torch.randn((4, 64), generator=noise)
            for name in ("value", "exp_avg", "exp_avg_sq")
        }
        losses = torch.rand(40, generator=noise).tolist()
        checkpoint.save(tensors, {"step": step, "losses": losses, "graph": {"nodes": []}})
    files = checkpoint.path, checkpoint.previous
    whole, found = [file.read_bytes() for file in files], Counter[str]()
    states = [shown(Checkpoint(file, "bench").load()) for file in files]
    for number in range(count):
        both = number % 4 == 3
        for file, content in zip(files, whole, strict=True):
            damaged = bytearray(content)
            if both or file == files[0]:
                place = rng.randrange(8 * len(damaged))
                damaged[place // 8] ^= 1 << place % 8
            file.write_bytes(damaged)
        found[outcome(Checkpoint(files[0], "bench"), states)] += 1
    return table({"flipped": count, **found})


def outcome(checkpoint: Checkpoint, states: list[str]) -> str:
    """Return what loading came to."""
    try:
        state = shown(checkpoint.load())
    except MixtraceError:
        return "refused in a sentence"
    except Exception:
        return "traceback"
    if state == states[0]:
        return "same result"
    told = state == states[1] and checkpoint.warning is not None
    return "earlier one used, with a warning" if told else "silent difference"


def shown(state: object) -> str:
    """Return all of a state as text; single precision is printed exactly."""
    torch.set_printoptions(precision=10, threshold=10**6)
    return repr(state)


if __name__ == "__main__":
    main()
