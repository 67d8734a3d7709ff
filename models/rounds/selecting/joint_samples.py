"""Joint draws of utilities of a short list, of what was measured and of what is under way.

Knows beliefs and how objectives become utilities; not what is chosen. Letters: N candidates, R known objects,
M objectives, S draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from models.selection.contract import JointUtilities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.rounds.fitting.fit import RoundModel

MOST_KNOWN = 500
"""Known objects that are drawn with the candidates: the best for some objective."""


def joint_utilities(
    fitted: RoundModel, candidates: Sequence[str], pending: Sequence[str], n_draws: int, seed: int
) -> JointUtilities:
    """Return posterior draws of the utilities, the same function for all objects of a draw.

    Measured and pending objects whose computed objectives do not exist are left out.
    """
    measured, waiting = _known(fitted, pending)
    texts = [*candidates, *measured, *waiting]
    model = fitted.model
    evaluation = model.evaluate(texts)
    generator = torch.Generator().manual_seed(seed)
    drawn = model.proxies.draw(evaluation.features, n_draws, generator)  # [S, N + R, types]
    utilities = fitted.reward.utilities(model.sampled_objectives(drawn, texts))
    n = len(candidates)
    return JointUtilities(utilities[:, :n], utilities[:, n:], len(waiting))


def _known(fitted: RoundModel, pending: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the measured objects that may matter, and the pending ones: at most `MOST_KNOWN` together.

    The best expected of each objective in turn. Of what is pending too little is known to leave any out while
    measured objects can give way.
    """
    measured = list(dict.fromkeys(fitted.measured))
    texts = list(dict.fromkeys([*measured, *pending]))
    if not texts:
        return [], []
    mean = fitted.model.evaluate(texts).objectives.mean
    utilities = fitted.reward.utilities(mean)
    rows = utilities.isfinite().all(dim=1).nonzero().squeeze(1)
    ranks = utilities[rows].argsort(dim=0, descending=True).argsort(dim=0).amin(dim=1)
    ordered = rows[ranks.argsort(stable=True)].tolist()
    waiting = [texts[row] for row in ordered if row >= len(measured)][:MOST_KNOWN]
    best = [texts[row] for row in ordered if row < len(measured)]
    return best[: MOST_KNOWN - len(waiting)], waiting
