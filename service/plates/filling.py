"""Which wells of a plate a robot has not filled, over all of its reports. Knows no format of a report and no store."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from service.plates.transfer_reports import TransferReport


@dataclass(frozen=True, slots=True)
class Filling:
    """Wells that do not count with the reason, and the source wells whose transfers into them are still missing."""

    failed: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any] | None) -> Self:
        """Return what the reports of a plate have said so far."""
        if stored is None:
            return cls()
        return cls(dict(stored["failed"]), {well: frozenset(names) for well, names in stored["missing"].items()})

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return {
            "failed": dict(self.failed),
            "missing": {well: sorted(names) for well, names in self.missing.items()},
        }

    def after(self, report: TransferReport, kept: Collection[str]) -> "Filling":
        """Return what is known after one more report.

        A well counts again when every transfer into it that failed was made from the same source well since.

        Args:
            report: the later report.
            kept: wells that stay as they are, because a result that depends on them is stored.
        """
        failed, missing = dict(self.failed), dict(self.missing)
        for well in sorted({*report.moved, *report.failed} - set(kept)):
            nothing: frozenset[str] = frozenset()
            left = missing.pop(well, nothing) - report.moved.get(well, nothing) | report.failed_from.get(well, nothing)
            if left:
                missing[well] = left
                failed[well] = report.failed.get(well) or failed[well]
            else:
                failed.pop(well, None)
        return Filling(failed, missing)
