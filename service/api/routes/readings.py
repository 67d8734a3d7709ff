"""Routes of readings: how files from one source are read, kept with a campaign and chosen by name."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from service.api.body import StrictRoute
from service.api.conventions import answer
from service.api.dependencies import CampaignId, Reader, Transaction, Writer
from service.api.documentation import Responses, guarded
from service.campaigns import readings
from service.exchange import ReadingOptions
from service.schemas.base import Page
from service.schemas.results import KeptReading

router = APIRouter(prefix="/v1/campaigns/{campaign_id}/readings", tags=["results"], route_class=StrictRoute)

Name = Annotated[
    str,
    Path(
        min_length=1,
        max_length=100,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        description="what the files come from; 'default' is used where an upload names no reading",
    ),
]
PUT: Responses = {201: {"model": KeptReading, "description": "The reading is new"}}
DELETED: Responses = {204: {"description": "Files are not read so any more"}}


@router.get("", responses=guarded(404))
def list_readings(campaign_id: CampaignId, caller: Reader, session: Transaction) -> Page[KeptReading]:
    """List the readings that the campaign keeps, by their names."""
    found = readings.list_readings(session, caller.workspace_id, campaign_id)
    return Page[KeptReading](items=[KeptReading.model_validate(row) for row in found], next_cursor=None)


@router.get("/{name}", responses=guarded(404))
def get_reading(campaign_id: CampaignId, name: Name, caller: Reader, session: Transaction) -> KeptReading:
    """Return a reading."""
    return KeptReading.model_validate(readings.get_reading(session, caller.workspace_id, campaign_id, name))


@router.put("/{name}", response_model=KeptReading, responses={**PUT, **guarded(404, 409, 415)})
def put_reading(
    campaign_id: CampaignId, name: Name, options: ReadingOptions, caller: Writer, session: Transaction
) -> Response:
    """Keep a reading, in place of one of the same name: an upload with `reading=<name>` is read so."""
    row, is_new = readings.put_reading(session, caller.workspace_id, campaign_id, name, options)
    return answer(KeptReading.model_validate(row), 201 if is_new else 200)


@router.delete("/{name}", status_code=204, responses={**DELETED, **guarded(404)})
def delete_reading(campaign_id: CampaignId, name: Name, caller: Writer, session: Transaction) -> None:
    """Delete a reading; what was read by it stays."""
    readings.delete_reading(session, caller.workspace_id, campaign_id, name)
