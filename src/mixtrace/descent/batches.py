"""Which windows a step sees."""

import numpy as np

from mixtrace.descent.recipe import Recipe
from mixtrace.descent.windows import SongWindows, Target
from mixtrace.rendering import DryAudio

__all__ = ["draw_batch"]


def draw_batch(
    windows: SongWindows, recipe: Recipe, seed: int, step: int
) -> list[tuple[DryAudio, Target]]:
    """Return the windows of a step; which ones depends on the seed and the step alone.

    Args:
        windows: the song.
        recipe: how many a step, and from where.
        seed: of the search.
        step: steps taken before.
    """
    if recipe.windows == "uniform":
        rng = np.random.default_rng((seed, 1, step))
        return [windows.at([start]) for start in _anywhere(windows, recipe.batch, rng)]
    batch = []
    for drawn in range(step * recipe.batch, (step + 1) * recipe.batch):
        epoch, place = divmod(drawn, windows.count)
        order = np.random.default_rng((seed, 2, epoch)).permutation(windows.count)
        batch.append(windows.window(int(order[place])))
    return batch


def _anywhere(windows: SongWindows, count: int, rng: np.random.Generator) -> list[int]:
    """Return first samples of windows, each as likely as any other."""
    firsts, sizes = zip(*((a, b - a) for a, b in windows.anywhere), strict=True)
    before = np.cumsum((0, *sizes))
    places = rng.integers(before[-1], size=count)
    chosen = np.searchsorted(before, places, side="right") - 1
    return (np.array(firsts)[chosen] + places - before[chosen]).tolist()
