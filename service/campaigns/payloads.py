"""A proposed object as it is stored and told: the same for a batch's candidate and a sample.

Knows no table.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from models.domains.contract import Domain
from models.records import MatchedMeasured, NearestMeasured, Prediction, ProposedCandidate


def payload(item: ProposedCandidate, domain: Domain) -> dict[str, Any]:
    """Return what explains the choice and what is remarked of the object.

    A candidate that no policy drew has no condition.
    """
    fields = asdict(item)
    condition = {"beta": fields.pop("beta"), "preference": fields.pop("preference")}
    kept = {name: value for name, value in fields.items() if name not in ("rank", "object", "purpose")}
    remarks = domain.remarks(item.object)
    return {"condition": None if item.beta is None else condition, "remarks": remarks, **kept}


def identity(item: ProposedCandidate, domain: Domain) -> dict[str, Any]:
    """Return what a proposed object is and how a person reads it."""
    return {
        "rank": item.rank,
        "object": item.object,
        "display": domain.display(item.object),
        "columns": domain.columns(item.object),
        "purpose": item.purpose,
        "route": domain.route(item.object),
    }


def to_json(item: ProposedCandidate, domain: Domain) -> dict[str, Any]:
    """Return a proposed object as plain JSON: its identity and its payload."""
    return {**identity(item, domain), **payload(item, domain)}


def from_json(sample: Mapping[str, Any]) -> ProposedCandidate:
    """Return what was proposed from what `to_json` told of it."""
    stored = {name: value for name, value in sample.items() if name not in ("display", "columns", "route")}
    return proposed(stored.pop("rank"), stored.pop("object"), stored.pop("purpose"), stored)


def proposed(rank: int, text: str, purpose: Any, stored: Mapping[str, Any]) -> ProposedCandidate:
    """Return what was proposed from its stored payload."""
    fields = {name: value for name, value in stored.items() if name != "remarks"}
    condition, nearest = fields.pop("condition"), fields.pop("nearest_measured")
    matched = fields.pop("matched_pair", None)
    predictions = {name: Prediction(**values) for name, values in fields.pop("predictions").items()}
    return ProposedCandidate(
        rank=rank,
        object=text,
        predictions=predictions,
        nearest_measured=NearestMeasured(**nearest) if nearest else None,
        purpose=purpose,
        alerts=tuple(fields.pop("alerts", ())),
        matched_pair=MatchedMeasured(**matched) if matched else None,
        **(condition or {"beta": None, "preference": {}}),
        **fields,
    )
