"""What was measured of a candidate so far, in words beside the columns to fill in.

It is not read back as a result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.specs.columns import SO_FAR
from service.exchange.requested_results import requested_results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from service.records import StandardResult


def so_far_columns(
    results: Sequence[StandardResult], text: str, spec: CampaignSpec, domain: Domain
) -> dict[str, str | None]:
    """Return a column for each measured objective: its results of the object `text`, or None without any."""
    measured = {item.name: item.type for item in requested_results(spec)}
    return {
        f"{name}_{SO_FAR}": "; ".join(_in_words(item, text, domain) for item in results if item.type == kind)
        or None
        for name, kind in measured.items()
    }


def _in_words(result: StandardResult, text: str, domain: Domain) -> str:
    words = result.outcome if result.value is None else _number(result)
    really = deviations(text, result.object, domain) or {}
    return words + (f" ({', '.join(really.values())})" if really else "")


def _number(result: StandardResult) -> str:
    relation = "" if result.relation == "=" else f"{result.relation} "
    upper = "" if result.upper_value is None else f" to {result.upper_value:.8g}"
    error = "" if result.standard_error is None else f" ± {result.standard_error:.8g}"
    failed = "" if result.outcome == "ok" else f"{result.outcome}: "
    return f"{failed}{relation}{result.value:.8g}{upper}{error} {result.units or ''}".rstrip()


def deviations(proposed: str, real: str, domain: Domain) -> dict[str, str] | None:
    """Return in words how an object differs from what was proposed; None if it is another object.

    A domain may know it as a form of that, such as one of its stereoisomers, or its settings differ.

    A setting that is further off than a lab's apparatus explains makes it another one.
    """
    if proposed == real:
        return {}
    if words := domain.made_as(proposed, real):
        return {"made": words}
    nominal, measured = domain.columns(proposed), domain.columns(real)
    other = [name for name in nominal if measured.get(name) != nominal[name]]
    differing = {}
    for name in other:
        setting, (before, after) = domain.settings.get(name), (nominal[name], measured.get(name))
        if setting is None or not isinstance(before, int | float) or not isinstance(after, int | float):
            return None
        if not setting.is_near(before, after):
            return None
        units = domain.quantity_columns.get(name)
        differing[name] = f"{name} {after:.8g}{f' {units}' if units else ''} for {before:.8g}"
    return differing or None
