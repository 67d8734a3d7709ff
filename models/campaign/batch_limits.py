"""The limits of a campaign's batch, checked on a whole batch by its objects alone. Torch-free.

Choosing within them is `models.selection`'s; this is for whoever changes a batch later.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from models.specs.decisions import CLUSTER, BudgetLimit, GroupLimit, SharedLimit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from models.domains.contract import Domain
    from models.specs.decisions import BatchSpec

ROUNDING = 1e-9
"""What decimal fractions lose in binary: sums and similarities may differ by so much from a limit."""


def shared_value(batch: BatchSpec, domain: Domain, text: str) -> str:
    """Return what an object must have in common with the rest of its batch, in words."""
    columns = domain.columns(text)
    names = [limit.column for limit in batch.limits if isinstance(limit, SharedLimit)]
    return ", ".join(f"{name} = {columns.get(name, '')}" for name in names)


def labels(limit: GroupLimit, domain: Domain, texts: Sequence[str]) -> list[str]:
    """Return the group of each object under a limit that is not about clusters."""
    if limit.by in domain.groupings:
        return domain.group(texts, limit.by)
    return [str(domain.columns(text).get(limit.by, "")) for text in texts]


def cluster_similarity(limit: GroupLimit, domain: Domain) -> float:
    """Return from which similarity on two objects are in one cluster."""
    return domain.cluster_similarity if limit.similarity is None else limit.similarity


def broken_limits(
    batch: BatchSpec, domain: Domain, texts: Sequence[str], controls: Sequence[str]
) -> list[str]:
    """Return in words which limits a batch of new objects `texts` beside its controls breaks.

    Controls are paid for by budgets and share what all must; groups count new objects only.
    """
    if not texts:
        return []
    broken = [text for limit in batch.limits for text in _broken(limit, domain, texts, controls)]
    values = {shared_value(batch, domain, text) for text in texts}
    return [*broken, *([f"all must share one of {', '.join(sorted(values))}"] if len(values) > 1 else [])]


def _broken(limit: object, domain: Domain, texts: Sequence[str], controls: Sequence[str]) -> Iterator[str]:
    if isinstance(limit, BudgetLimit):
        spent = float(domain.properties([*texts, *controls], [limit.property])[limit.property].sum())
        if spent > limit.max + ROUNDING:
            yield f"{limit.property} sums to {spent:g}, more than {limit.max:g}"
    elif isinstance(limit, GroupLimit) and limit.by == CLUSTER:
        alike = domain.similarity(texts, texts) >= cluster_similarity(limit, domain) - ROUNDING
        if int(alike.sum(axis=1).max()) > limit.max:
            yield f"more than {limit.max} are alike"
    elif isinstance(limit, GroupLimit):
        label, count = Counter(labels(limit, domain, texts)).most_common(1)[0]
        if count > limit.max:
            yield f"{count} have {limit.by} {label!r}, more than {limit.max}"
