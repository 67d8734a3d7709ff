"""What was measured of a candidate so far, in words beside the columns to fill in: it is not read back as a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.specs.columns import SO_FAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from service.records import StandardResult


def told_so_far(
    results: Sequence[StandardResult], text: str, spec: CampaignSpec, domain: Domain
) -> dict[str, str | None]:
    """Return a column for each measured objective: its results of the object `text`, or None without any."""
    measured = {item.name: item.assay_type for item in spec.objectives if item.assay_type is not None}
    return {
        f"{name}_{SO_FAR}": "; ".join(_told(item, text, domain) for item in results if item.type == kind) or None
        for name, kind in measured.items()
    }


def _told(result: StandardResult, text: str, domain: Domain) -> str:
    words = result.outcome if result.value is None else _number(result)
    really = deviations(text, result.object, domain) or {}
    return words + (f" ({', '.join(really.values())})" if really else "")


def _number(result: StandardResult) -> str:
    relation = "" if result.relation == "=" else f"{result.relation} "
    upper = "" if result.upper_value is None else f" to {result.upper_value:.8g}"
    error = "" if result.standard_error is None else f" ± {result.standard_error:.8g}"
    failed = "" if result.outcome == "ok" else f"{result.outcome}: "
    return f"{failed}{relation}{result.value:.8g}{upper}{error} {result.units or ''}".rstrip()


def deviations(asked: str, real: str, domain: Domain) -> dict[str, str] | None:
    """Return in words which settings of an object were really others than was asked for; None if it is another object.

    A setting that is further off than a lab's apparatus explains makes it another one.
    """
    if asked == real:
        return {}
    wanted, found = domain.columns(asked), domain.columns(real)
    other = [name for name in wanted if found.get(name) != wanted[name]]
    told = {}
    for name in other:
        setting, (before, after) = domain.settings.get(name), (wanted[name], found.get(name))
        if setting is None or not isinstance(before, int | float) or not isinstance(after, int | float):
            return None
        if not setting.is_near(before, after):
            return None
        units = domain.quantity_columns.get(name)
        told[name] = f"{name} {after:.8g}{f' {units}' if units else ''} for {before:.8g}"
    return told or None
