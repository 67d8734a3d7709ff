"""Readings that a campaign keeps: how files from one source are read, chosen by name or, as `default`, always.

Each command runs inside the caller's transaction and commits nothing.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from models.specs.base import json_pointer
from service.campaigns import queries
from service.errors import ConflictError, NotFoundError, UnprocessableError
from service.exchange import ReadingOptions, check_options
from service.store import readings
from service.store.tables import Reading

DEFAULT = "default"
MOST_READINGS = 100


def put_reading(
    session: Session, workspace_id: UUID, campaign_id: UUID, name: str, options: ReadingOptions
) -> tuple[Reading, bool]:
    """Keep a reading, in place of one of the same name; the second says whether it is new.

    Raises:
        NotFoundError: if there is no such campaign.
        ConflictError: if it keeps as many as it may.
        UnprocessableError: if a word, a limit or the encoding means nothing; every upload by it would be refused.
    """
    campaign = queries.get_campaign(session, workspace_id, campaign_id)
    _check(options, CampaignSpec.from_stored(campaign.spec))
    is_new = readings.find(session, campaign_id, name) is None
    if is_new and readings.count(session, campaign_id) >= MOST_READINGS:
        raise ConflictError(f"a campaign keeps at most {MOST_READINGS} readings: delete one first")
    return readings.put(session, campaign_id, name, options.stated()), is_new


def get_reading(session: Session, workspace_id: UUID, campaign_id: UUID, name: str) -> Reading:
    """Return a reading.

    Raises:
        NotFoundError: if there is no such campaign or reading.
    """
    queries.get_campaign(session, workspace_id, campaign_id)
    found = readings.find(session, campaign_id, name)
    if found is None:
        raise NotFoundError(f"no reading {name!r} in this campaign")
    return found


def list_readings(session: Session, workspace_id: UUID, campaign_id: UUID) -> Sequence[Reading]:
    """Return the readings of a campaign by their names; raises NotFoundError if there is no such campaign."""
    queries.get_campaign(session, workspace_id, campaign_id)
    return readings.all_of(session, campaign_id)


def delete_reading(session: Session, workspace_id: UUID, campaign_id: UUID, name: str) -> None:
    """Delete a reading; raises as `get_reading`."""
    get_reading(session, workspace_id, campaign_id, name)
    readings.remove(session, campaign_id, name)


def resolved(session: Session, campaign_id: UUID, name: str | None, options: ReadingOptions) -> ReadingOptions:
    """Return the options of a request over those of the reading that it names, or of `default`.

    Raises:
        UnprocessableError: if the reading that it names is not there; it names those that are.
    """
    found = readings.find(session, campaign_id, name or DEFAULT)
    if found is not None:
        return options.over(ReadingOptions.model_validate(found.options))
    if name is None:
        return options
    known = [each.name for each in readings.all_of(session, campaign_id)]
    detail = f"the campaign keeps no reading {name!r}; it has {', '.join(known) or 'none'}"
    error = {"in": "query", "pointer": "/reading", "detail": detail, "choices": known}
    raise UnprocessableError(f"/reading: {detail}", errors=[error])


def _check(options: ReadingOptions, spec: CampaignSpec) -> None:
    problems = [{"pointer": json_pointer(*place), "detail": detail} for place, detail in check_options(options, spec)]
    if problems:
        raise UnprocessableError(f"{problems[0]['pointer']}: {problems[0]['detail']}", errors=problems)
