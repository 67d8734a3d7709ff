"""Shapley values by permutation sampling: how much each group of columns moves a prediction. Torch-free.

For an object x and a background row z, columns change from z to x group by group in a random order and in the
reverse of it; what a group adds is averaged over orders and backgrounds (Štrumbelj & Kononenko, Knowl. Inf.
Syst. 41, 2014; antithetic pairs: Mitchell et al., JMLR 23, 2022). Every order adds up to f(x) - f(z) exactly,
so that the values of an object add up to f(x) less the mean of f over the background; for a function that is
additive over the groups they are exact. Rows between x and z may describe no object. Letters: N objects, K
background rows, D features, G groups, M outputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

CHUNK = 4096
"""Rows predicted in one go."""


def shapley(
    predict: Callable[[Floats], Floats],
    objects: Floats,
    background: Floats,
    groups: Sequence[Sequence[int]],
    seed: int,
) -> Floats:
    """Return what each group adds to each object's prediction [N, G, M].

    Args:
        predict: features [n, D] -> predictions [n, M].
        objects: to be explained [N, D].
        background: what they are compared with [K, D].
        groups: columns of each group; together they are all columns in which rows differ, each once.
        seed: of the orders.
    """
    walks = list(_walks(objects, background, groups, np.random.default_rng(seed)))
    values = _predicted(predict, objects, background, groups, walks)
    total = np.zeros((len(objects), len(groups), values.shape[1]))
    start = 0
    for row, _, order in walks:
        path = values[start : start + len(order) + 1]
        np.add.at(total[row], list(order), np.diff(path, axis=0))
        start += len(path)
    return total / (2 * len(background))


def _walks(
    objects: Floats, background: Floats, groups: Sequence[Sequence[int]], generator: np.random.Generator
) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """Yield object, background row and the order of the groups in which the two differ.

    Each order and its reverse.
    """
    for row, item in enumerate(objects):
        for index, other in enumerate(background):
            differs = item != other
            apart = [number for number, columns in enumerate(groups) if bool(differs[list(columns)].any())]
            order = tuple(generator.permutation(apart).tolist())
            yield row, index, order
            yield row, index, order[::-1]


def _predicted(
    predict: Callable[[Floats], Floats],
    objects: Floats,
    background: Floats,
    groups: Sequence[Sequence[int]],
    walks: Sequence[tuple[int, int, tuple[int, ...]]],
) -> Floats:
    """Return the predictions along all walks, one after the other; their ends are predicted once."""
    ends, starts = predict(objects), predict(background)
    found: list[Floats] = []
    waiting: list[Floats] = []
    for row, index, order in walks:
        states = np.repeat(background[index][None], max(0, len(order) - 1), axis=0)
        for step, number in enumerate(order[:-1]):
            columns = list(groups[number])
            states[step:, columns] = objects[row, columns]
        waiting.append(states)
        if sum(map(len, waiting)) >= CHUNK:
            found.append(predict(np.concatenate(waiting)))
            waiting = []
    if waiting:
        found.append(predict(np.concatenate(waiting)))
    between = np.concatenate(found) if found else ends[:0]
    paths, start = [], 0
    for row, index, order in walks:
        inner = max(0, len(order) - 1)
        paths += [starts[index][None], between[start : start + inner], *([ends[row][None]] if order else [])]
        start += inner
    return np.concatenate(paths)
