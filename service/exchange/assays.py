"""Which assay of the campaign a row is about, and whether its values are logarithms unlike the campaign's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from models.specs.objectives import MeasuredQuantity
from service.exchange.problems import RowProblem
from service.exchange.units import are_molar
from service.exchange.values import shortened

if TYPE_CHECKING:
    from models.campaign.spec import CampaignSpec

MAX_TYPE = 200


@dataclass(frozen=True, slots=True)
class Assay:
    """A type as the campaign spells it, how its values are read, and warnings.

    `given` says that a row's values are the negative decadic logarithm of a molar concentration that the
    campaign reads ("logarithm"), or the concentration where the campaign reads its logarithm
    ("concentration").
    """

    type: str
    quantity: MeasuredQuantity
    is_read: bool = True
    given: Literal["logarithm", "concentration"] | None = None
    warnings: tuple[str, ...] = ()


def find_assay(text: str, spec: CampaignSpec) -> Assay:
    """Return the assay that a text names.

    A type that the campaign does not read is kept: a later version of the campaign may read it.

    Raises:
        RowProblem: if there is none.
    """
    known = spec.quantities()
    if not text:
        raise RowProblem(
            "type", f"say what was measured; this campaign reads {', '.join(known) or 'nothing'}"
        )
    if len(text) > MAX_TYPE:
        raise RowProblem("type", f"a type has at most {MAX_TYPE} characters")
    names = {name.casefold(): name for name in known}
    names = {o.name.casefold(): o.assay_type for o in spec.objectives if o.assay_type} | names
    kind = text if text in known else names.get(text.casefold(), text)
    if kind in known:
        return Assay(kind, known[kind])
    return _other_scale(text, known) or unread(text, spec)


def unread(kind: str, spec: CampaignSpec) -> Assay:
    """Return a type that the campaign does not read, to be kept."""
    reads = ", ".join(spec.quantities()) or "nothing"
    warning = f"the campaign does not read {shortened(kind)} (it reads {reads}); kept for later"
    return Assay(str(kind), MeasuredQuantity(), is_read=False, warnings=(warning,))


def _other_scale(text: str, known: dict[str, MeasuredQuantity]) -> Assay | None:
    """Return IC50 for pIC50 where its units are molar, and pIC50 for IC50."""
    for kind, quantity in known.items():
        if text.casefold() == f"p{kind}".casefold() and quantity.units and are_molar(quantity.units):
            note = f"{shortened(text)} was read as {kind}: 10^-x mol/L, with the relation turned round"
            return Assay(kind, quantity, given="logarithm", warnings=(note,))
        if kind.casefold() == f"p{text}".casefold() and not quantity.units:
            note = f"{shortened(text)} was read as {kind}: -log10 of mol/L, with the relation turned round"
            return Assay(kind, quantity, given="concentration", warnings=(note,))
    return None
