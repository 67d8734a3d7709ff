"""Which results count where an object was tested again: by the assay's policy. Torch-free: all readers share it.

Results that were corrected or withdrawn do not come here: the store leaves them out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from models.records import Outcome
    from models.specs.decisions import RetestPolicy

    _Assay = tuple[str, str]


@dataclass(frozen=True, slots=True)
class AssayResult:
    """What decides whether a result counts; `test` is one for results of the same occasion, such as replicates."""

    object: str
    type: str
    outcome: Outcome
    assay_version: str | None
    test: Hashable


def counts(results: Sequence[AssayResult], policies: Mapping[str, RetestPolicy]) -> list[bool]:
    """Return for each result, in the order in which the tests were made, whether it counts.

    A `failed_qc` ends the values of its object and assay before it. Under the policy `replace` the last test with a
    usable value ends what earlier tests of the same object, assay and version said; under `join`, which holds where
    `policies` names none, all tests count.
    """
    last_failed_qc: dict[_Assay, int] = {}
    last_test: dict[tuple[str, str, str | None], tuple[int, Hashable]] = {}
    for index, item in enumerate(results):
        if item.outcome == "failed_qc":
            last_failed_qc[item.object, item.type] = index
        elif item.outcome == "ok" and policies.get(item.type) == "replace":
            last_test[item.object, item.type, item.assay_version] = (index, item.test)
    if not last_failed_qc and not last_test:
        return [True] * len(results)

    def is_ended(index: int, item: AssayResult) -> bool:
        if item.outcome == "ok" and index < last_failed_qc.get((item.object, item.type), -1):
            return True
        newest, test = last_test.get((item.object, item.type, item.assay_version), (-1, None))
        return index < newest and item.test != test

    return [not is_ended(index, item) for index, item in enumerate(results)]
