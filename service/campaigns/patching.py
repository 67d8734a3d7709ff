"""Changing a specification, and the seeds of its rounds. Pure: knows no SQL."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from models.campaign.spec import CampaignSpec
from service.campaigns.checking import InvalidDocumentError
from service.errors import ConflictError, UnprocessableError
from service.json_pointers import body_location

FIXED_ONCE_BEGUN = ("domain", "objectives")
"""What results and rounds are read by: it may not change once there are any."""


def patched(
    stored: Mapping[str, Any],
    changes: Mapping[str, Any],
    *,
    is_begun: bool,
    check: Callable[[Any], CampaignSpec] = CampaignSpec.model_validate,
) -> CampaignSpec:
    """Return the specification after a JSON merge patch; `check` makes it of the merged document.

    Raises:
        UnprocessableError: if it is not valid then.
        ConflictError: if the campaign has begun and the change touches what may not change any more.
    """
    merged = merge(stored, changes)
    try:
        spec = check(merged)
    except (ValidationError, InvalidDocumentError) as error:
        raise UnprocessableError(
            "the changed specification is not valid", field_errors(error, merged)
        ) from error
    fresh = spec.model_dump(mode="json")
    touched = [name for name in FIXED_ONCE_BEGUN if fresh[name] != stored[name]]
    if is_begun and touched:
        raise ConflictError(
            f"{' and '.join(touched)} cannot change once a round or a result exists; create a new campaign",
            [{"pointer": f"/{name}", "detail": "cannot change any more"} for name in touched],
        )
    return spec


def merge(target: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return the target after a JSON merge patch (RFC 7396).

    Null removes, objects merge, all else replaces.
    """
    merged = {name: value for name, value in target.items() if name not in patch or patch[name] is not None}
    for name, value in patch.items():
        if isinstance(value, Mapping):
            before = merged.get(name)
            merged[name] = merge(before if isinstance(before, Mapping) else {}, value)
        elif value is not None:
            merged[name] = value
    return merged


def field_errors(
    error: ValidationError | InvalidDocumentError, document: Mapping[str, Any]
) -> list[dict[str, str]]:
    """Return the JSON pointer into the document and the reason of everything that is wrong."""
    return [body_location(item, item["loc"], document) for item in error.errors()]


def round_seed(seed: int, number: int) -> int:
    """Return the seed of a round: different for every round, the same whenever the campaign is run again."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{number}".encode()).digest()[:4], "big") >> 1
