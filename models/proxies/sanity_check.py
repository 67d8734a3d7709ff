"""A warning where the reference proxy predicts clearly better than the chosen one. Chooses nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from models.messages.message import Message, message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.proxies.proxy_fit import ProxyFit
    from models.proxies.validation import HeldOut

SANITY_CHECK = "random_forest"
"""The reference proxy."""
CLEARLY_BETTER = 0.9
"""Error relative to the chosen proxy below which another is clearly better, given two standard errors."""


def sanity_messages(parts: Sequence[ProxyFit], kind: str, chosen_name: str) -> list[Message]:
    """Return the warning about the proxy that predicts a type, if any."""
    judged = {part.name: part for part in parts if kind in part.held_out}
    chosen, check = (judged.get(name) for name in (chosen_name, SANITY_CHECK))
    if chosen is None or check is None or not _is_clearly_better(check.held_out[kind], chosen.held_out[kind]):
        return []
    return [
        message(
            "better_sanity_check",
            type=kind,
            check=check.name,
            proxy=chosen.name,
            rmse=check.scores[kind].rmse,
            chosen_rmse=chosen.scores[kind].rmse,
        )
    ]


def _is_clearly_better(one: HeldOut, other: HeldOut) -> bool:
    """Return whether squared held-out errors are clearly smaller, also by two standard errors."""
    ours, theirs = ((held.values - held.belief.mean).square() for held in (one, other))
    exact = ~one.values.isnan()
    gain = (theirs - ours)[exact]
    error = float(gain.std()) / math.sqrt(max(len(gain), 1))
    by_far = float(ours[exact].mean()) < CLEARLY_BETTER**2 * float(theirs[exact].mean())
    return by_far and float(gain.mean()) > 2 * error
