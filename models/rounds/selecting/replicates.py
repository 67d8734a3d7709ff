"""What is measured again beside a round's new candidates: controls, and replicates of the best results.

Knows utilities of measured objects and what is under way; not the policy.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, final

from models.messages.message import Message, message

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from torch import Tensor

    from models.domains.contract import Domain
    from models.records import History
    from models.rounds.fitting.fit import RoundModel

PER_REPLICATE = 3
"""Best measured objects that compete for each replicate."""


@final
@dataclass(frozen=True, slots=True)
class Remeasurement:
    """An object to measure again, and why."""

    object: str
    purpose: Literal["replicate", "control"]
    why: Message


def controls(
    domain: Domain, columns: Sequence[dict[str, str]], pending: Sequence[str]
) -> list[Remeasurement]:
    """Return the campaign's controls, each once; one that is still under way is not repeated.

    Raises:
        InvalidObjectError: if the columns describe no object.
    """
    texts = dict.fromkeys(
        domain.parse({name: text for name, text in row.items() if text.strip()}) for row in columns
    )
    return [
        Remeasurement(text, "control", message("chosen_as_control"))
        for text in texts
        if text not in set(pending)
    ]


def replicates(
    fitted: RoundModel,
    history: History,
    taken: Collection[str],
    worth: Callable[[Sequence[str]], Tensor],
    n: int,
) -> list[Remeasurement]:
    """Return at most n of the best measured objects, fewest results first, then the least certain.

    Objects `taken` (controls, what a shared limit forbids) and those pending or excluded are left out;
    `worth` tells how near each object [N] is to the best for some trade-off.
    """
    spec = fitted.model.spec
    types = {kind for objective in spec.objectives for kind in spec.types_of(objective)}
    results = Counter(
        item.object for item in history.measurements if item.type in types and item.outcome == "ok"
    )
    closed = {*history.pending, *history.excluded, *taken}
    texts = [text for text in results if text not in closed]
    if n == 0 or not texts:
        return []
    best = worth(texts).argsort(descending=True, stable=True)[: PER_REPLICATE * n].tolist()
    shown = [texts[row] for row in best]
    doubt = fitted.reward.utility_sd(fitted.model.evaluate(shown).objectives).mean(dim=1).tolist()
    order = sorted(range(len(shown)), key=lambda index: (results[shown[index]], -doubt[index], index))
    return [
        Remeasurement(shown[index], "replicate", message("chosen_as_replicate", count=results[shown[index]]))
        for index in order[:n]
    ]
