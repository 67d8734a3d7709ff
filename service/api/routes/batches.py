"""Downloading a round's batch: as JSON, as a table, or in one of the domain's own formats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response
from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from service.api.conventions import answer, negotiate
from service.api.dependencies import CampaignId, Reader, RoundNumber, Transaction
from service.api.documentation import Responses, files, guarded, header
from service.api.routes.candidates import candidate_view, reserve_view
from service.campaigns import queries
from service.campaigns.batch_files import write_round
from service.errors import ConflictError
from service.exchange import batch_formats, missing_formats, prediction_formats
from service.schemas.candidates import Batch
from service.store import tables

router = APIRouter(prefix="/v1/campaigns/{campaign_id}/rounds/{number}/batch", tags=["rounds"])

FILE: Responses = {
    200: {
        "description": "The candidates by rank; any other format than JSON comes as a file",
        "content": {**files(prediction_formats().values()), "application/octet-stream": {}},
        **header("Content-Disposition", "the file's name, when it is a file"),
    }
}
Results = Mapping[UUID, Sequence[tables.Result]]


@dataclass(frozen=True, slots=True)
class FormatQuery:
    """What the caller wants to get: `?format=` wins over Accept."""

    name: Annotated[
        str | None,
        Query(
            alias="format",
            description="json, csv, xlsx, parquet or one of the domain's formats (sdf; fasta, helm, order)",
            examples=["xlsx"],
        ),
    ] = None
    accept: Annotated[str | None, Header(include_in_schema=False)] = None


@router.get("", response_model=Batch, responses={**FILE, **guarded(404, 406, 409)})
def download_batch(
    campaign_id: CampaignId,
    number: RoundNumber,
    caller: Reader,
    session: Transaction,
    query: Annotated[FormatQuery, Depends()],
) -> Response:
    """Download the candidates with their results so far.

    The filled-in CSV, XLSX or SDF is a valid upload of results. A workbook has sheets for results, samples, a
    plate map and the request. A format that these objects cannot have is answered with 406 and the reason.
    """
    row = queries.get_round(session, caller.workspace_id, campaign_id, number)
    spec = CampaignSpec.from_stored(row.spec)
    domain = open_domain(spec.domain)
    offered = {"json": "application/json", **batch_formats(domain)}
    chosen = negotiate(offered, query.name, query.accept, missing_formats(domain))
    candidates = _batch_of(queries.batch(session, row.id), row)
    if chosen == "json":
        return _as_json(session, candidates, queries.results_so_far(session, candidates), row)
    file, file_name = write_round(session, row, spec, candidates, chosen)
    return attachment(file.content, file.media_type, file_name)


def _batch_of(candidates: Sequence[tables.Candidate], row: tables.Round) -> Sequence[tables.Candidate]:
    if row.state not in ("awaiting_results", "completed"):
        raise ConflictError(f"round {row.number} is {row.state} and has no batch")
    return candidates


def _as_json(
    session: Session, candidates: Sequence[tables.Candidate], so_far: Results, row: tables.Round
) -> Response:
    own_ids = queries.own_ids(session, row.campaign_id, [item.object for item in candidates])
    batch = Batch(
        campaign_id=row.campaign_id,
        round=row.number,
        state=row.state,
        sha256=row.batch_sha256,
        candidates=[
            candidate_view(item, so_far.get(item.id, ()), own_ids.get(item.object)) for item in candidates
        ],
        reserves=[reserve_view(item) for item in queries.reserves(session, row.id)],
    )
    return answer(batch)


def attachment(content: bytes, media_type: str, name: str) -> Response:
    """Return a file to be saved under a name."""
    return Response(
        content, headers={"Content-Disposition": f'attachment; filename="{name}"'}, media_type=media_type
    )
