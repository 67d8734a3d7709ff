"""The latest version of each assay, and its results. Torch-free: rounds and insights share it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from models.records import Measurement


def latest_version(results: Iterable[Measurement]) -> str | None:
    """Return the version with the latest first appearance; unnamed results are older than any."""
    named = list(dict.fromkeys(result.assay_version for result in results if result.assay_version is not None))
    return named[-1] if named else None


def only_latest(measurements: Sequence[Measurement]) -> tuple[list[Measurement], dict[str, int]]:
    """Return the results without those of earlier versions, and the number removed of each type.

    Failures of all versions are kept, because they are properties of the object.
    """
    latest = {
        kind: latest_version(result for result in measurements if result.type == kind and result.outcome == "ok")
        for kind in dict.fromkeys(result.type for result in measurements)
    }
    kept, left_out = [], dict.fromkeys(latest, 0)
    for result in measurements:
        if result.outcome == "ok" and result.assay_version != latest[result.type]:
            left_out[result.type] += 1
        else:
            kept.append(result)
    return kept, {kind: n for kind, n in left_out.items() if n}
