"""Routes of plates: lay one out, fill it by a robot, read its wells, look at its curves."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from service.api.body import RawBody, SheetQuery, StrictRoute
from service.api.conventions import IfMatch, PageQuery, answer, etag, negotiate, require_match
from service.api.dependencies import (
    CampaignId,
    CandidateId,
    Checkers,
    Operators,
    PlateId,
    Reader,
    RoundNumber,
    TableReader,
    Transaction,
    Writer,
)
from service.api.documentation import ETAG, LINK, Responses, body_of, files, guarded, header
from service.api.idempotency import Once
from service.api.routes.batches import attachment
from service.campaigns import plates, queries
from service.campaigns.batch_files import plain
from service.campaigns.plate_files import PlateFiles
from service.campaigns.plates import PlateRef, Readers, RoundScope, SentFile, failed_wells
from service.campaigns.uploads import Mode
from service.errors import ConflictError, NotFoundError
from service.exchange import Report
from service.exchange.registry import written_formats
from service.exchange.values import Decimal
from service.figures import FORMATS
from service.figures.curves import draw_curve
from service.plates.allotrope import InstrumentFile, to_asm
from service.plates.analysis import JSON, WellsFile
from service.plates.maps import map_rows
from service.plates.pick_lists import write_pick_list
from service.plates.records import Analysis, PlateLayout
from service.plates.sheets import MEDIA_TYPES
from service.plates.specs import LayoutSpec, Robot
from service.schemas.base import Page
from service.schemas.plates import Plate, PlateState, PlateSummary, TransfersReport, WellsReport
from service.schemas.results import UploadReport
from service.store import tables

router = APIRouter(
    prefix="/v1/campaigns/{campaign_id}/rounds/{number}/plates", tags=["plates"], route_class=StrictRoute
)

CREATED: Responses = {201: {"description": "The plate, at `Location`", **header("Location", "its address")}}
PICK_LIST: Responses = {
    200: {
        "description": "The pick list",
        "content": files(["text/csv"]),
        **header("Content-Disposition", "the file's name"),
    }
}
DELETED: Responses = {204: {"description": "The plate is gone"}}
MAP: Responses = {
    200: {
        "description": "The plate's map",
        "content": files(media for media, _ in written_formats().values()),
        **header("Content-Disposition", "the file's name"),
    }
}
PICTURE: Responses = {
    200: {
        "description": "The picture",
        "content": {media: {"schema": {"type": "string"}} for media in FORMATS.values()},
    }
}
_JSON = {
    "oneOf": [
        {
            "type": "array",
            "items": {"type": "object"},
            "description": "one object a well, as rows of a long file",
        },
        {"type": "object", "description": "a document of Allotrope's Simple Model, of a plate reader"},
    ]
}
WELLS_BODY = body_of(
    (*MEDIA_TYPES, JSON, "application/octet-stream"),
    _JSON,
    "readings of the plate: a grid or a long file (text or workbook), ASM, or with `vendor` the "
    "instrument's own file",
)
TRANSFERS_BODY = body_of(("text/csv",), {}, "the Echo's transfer report or exception report")


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How what a file comes to is to be taken."""

    dry_run: Annotated[bool, Query(description="report only, store nothing")] = False
    mode: Annotated[Mode, Query(description="atomic: all results or none; partial: the good ones")] = "atomic"
    filename: Annotated[str | None, Query(max_length=255, description="the file's name, for the record")] = (
        None
    )
    again: Annotated[
        bool, Query(description="of what was sent before, take only the results that are not stored")
    ] = False


@dataclass(frozen=True, slots=True)
class MapQuery:
    """How a plate's map is wanted: `?format=` wins over Accept."""

    name: Annotated[str | None, Query(alias="format", description="csv or xlsx")] = None
    accept: Annotated[str | None, Header(include_in_schema=False)] = None


@dataclass(frozen=True, slots=True)
class WellsOptions:
    """How a file of wells is to be read."""

    block: Annotated[
        str | None,
        Query(
            min_length=1, max_length=200, description="which reading of a file of several, by number or name"
        ),
    ] = None
    sheet: SheetQuery = None
    decimal: Annotated[
        Decimal | None, Query(description="the decimal sign; found in the whole file when absent")
    ] = None
    vendor: Annotated[
        str | None,
        Query(
            pattern=r"^[A-Z0-9_]{1,60}$",
            description="allotropy's name of the instrument whose own file this is",
        ),
    ] = None


def readable_round(campaign_id: CampaignId, number: RoundNumber, caller: Reader) -> RoundScope:
    """Return where the plates are that a caller may read."""
    return RoundScope(caller.workspace_id, campaign_id, number)


def writable_round(campaign_id: CampaignId, number: RoundNumber, caller: Writer) -> RoundScope:
    """Return where the plates are that a caller may write."""
    return RoundScope(caller.workspace_id, campaign_id, number)


def sent_file(
    request: Request, content: RawBody, caller: Writer, options: Annotated[ImportOptions, Depends()]
) -> SentFile:
    """Return the uploaded file with how it is to be taken."""
    return SentFile(
        content=content,
        key_id=caller.key_id,
        media_type=request.headers.get("content-type") or "application/octet-stream",
        filename=options.filename,
        mode=options.mode,
        dry_run=options.dry_run,
        again=options.again,
    )


def readers_of(children: Checkers, reader: TableReader, settings: Operators) -> Readers:
    """Return who reads files about plates, and the results that they come to."""
    return Readers(PlateFiles(children, settings.child_seconds), reader)


Extension = Annotated[Literal["png", "svg"], Path(description="format of the picture")]
Read = Annotated[RoundScope, Depends(readable_round)]
Write = Annotated[RoundScope, Depends(writable_round)]
File = Annotated[SentFile, Depends(sent_file)]
FileReaders = Annotated[Readers, Depends(readers_of)]


@router.post("", status_code=201, response_model=Plate, responses={**CREATED, **guarded(404, 409, 415)})
def lay_out_plate(scope: Write, layout: LayoutSpec, session: Transaction, once: Once) -> Response:
    """Lay a plate out: candidates in dose series, controls and replicates, in wells that a seed permutes."""

    def lay_out() -> Response:
        plate = plates.create_plate(session, scope, layout)
        location = f"/v1/campaigns/{scope.campaign_id}/rounds/{scope.number}/plates/{plate.id}"
        return answer(
            plate_view(plate, scope.number), 201, {"Location": location, "ETag": etag(plate.version)}
        )

    return once(lay_out)


@router.get("", responses={200: LINK, **guarded(404)})
def list_plates(scope: Read, session: Transaction, page_query: PageQuery) -> Page[PlateSummary]:
    """List the plates of a round, oldest first."""
    page = plates.list_plates(session, scope, page_query.limit, page_query.cursor)
    rows = [{**item._asdict(), "state": _state(item.is_filled, item.is_read)} for item in page.items]
    return page_query.answer(replace(page, items=rows), PlateSummary)


@router.get("/{plate_id}", response_model=Plate, responses={200: ETAG, **guarded(404)})
def get_plate(scope: Read, plate_id: PlateId, session: Transaction) -> Response:
    """Return a plate: its specification, what its wells hold, and what was read."""
    plate = plates.get_plate(session, PlateRef(scope, plate_id))
    return answer(plate_view(plate, scope.number), headers={"ETag": etag(plate.version)})


@router.delete("/{plate_id}", status_code=204, responses={**DELETED, **guarded(404, 409, 412, 428)})
def delete_plate(scope: Write, plate_id: PlateId, session: Transaction, if_match: IfMatch = None) -> None:
    """Delete a plate that was laid out and nothing more; its name is free again."""
    ref = PlateRef(scope, plate_id)
    require_match(if_match, etag(plates.get_plate(session, ref).version))
    plates.delete_plate(session, ref)


@router.get("/{plate_id}/map", response_class=Response, responses={**MAP, **guarded(404, 406)})
def download_plate_map(
    scope: Read, plate_id: PlateId, session: Transaction, query: Annotated[MapQuery, Depends()]
) -> Response:
    """Download what the wells hold as a table, one row a well."""
    plate = plates.get_plate(session, PlateRef(scope, plate_id))
    spec, writers = LayoutSpec.model_validate(plate.spec), written_formats()
    chosen = negotiate({name: media for name, (media, _) in writers.items()}, query.name, query.accept)
    media_type, write = writers[chosen]
    rows = map_rows(spec, PlateLayout.model_validate(plate.layout), failed_wells(plate))
    return attachment(write(rows), media_type, f"{plain(spec.name)}-map.{chosen}")


@router.get("/{plate_id}/picklist", response_class=Response, responses={**PICK_LIST, **guarded(404, 409)})
def download_pick_list(
    scope: Read,
    plate_id: PlateId,
    session: Transaction,
    robot: Annotated[
        Robot | None, Query(alias="format", description="the robot; that of the stocks when absent")
    ] = None,
) -> Response:
    """Download what a robot reads to fill the plate: volumes in nL for the Echo, in uL for the Biomek."""
    plate = plates.get_plate(session, PlateRef(scope, plate_id))
    spec = LayoutSpec.model_validate(plate.spec)
    wanted = robot or (spec.stocks.robot if spec.stocks else "echo")
    content = write_pick_list(spec, PlateLayout.model_validate(plate.layout), wanted)
    return attachment(content, "text/csv; charset=utf-8", f"{plain(spec.name)}-{wanted}.csv")


@router.post(
    "/{plate_id}/transfers",
    response_model=TransfersReport,
    responses=guarded(404, 409, 415),
    openapi_extra=TRANSFERS_BODY,
)
def upload_transfers(
    scope: Write, plate_id: PlateId, file: File, session: Transaction, once: Once, readers: FileReaders
) -> Response:
    """Upload the Echo's report.

    Wells that were not filled do not count, and whole candidates become failed results.
    """

    def take() -> Response:
        found, report = plates.import_transfers(session, PlateRef(scope, plate_id), file, readers)
        return answer(
            TransfersReport(
                transfers=found.n_transfers,
                failed_wells=dict(found.failed),
                warnings=list(found.warnings),
                report=_upload_report(report),
            )
        )

    return once(take)


@router.post(
    "/{plate_id}/wells",
    response_model=WellsReport,
    responses=guarded(404, 409, 415),
    openapi_extra=WELLS_BODY,
)
def upload_wells(  # noqa: PLR0913, PLR0917 - FastAPI passes each dependency as an argument
    request: Request,
    scope: Write,
    plate_id: PlateId,
    file: File,
    options: Annotated[WellsOptions, Depends()],
    session: Transaction,
    once: Once,
    readers: FileReaders,
    settings: Operators,
) -> Response:
    """Upload the readings of a plate.

    Percent between its controls, a curve for each candidate, and its result.
    """

    def take() -> Response:
        media_type, content = request.headers.get("content-type", ""), file.content
        if options.vendor is not None:
            plates.get_plate(session, PlateRef(scope, plate_id))  # before a program is run for it
            source = InstrumentFile(content, options.vendor, file.filename or "wells.txt")
            media_type, content = JSON, to_asm(source, settings.allotropy_python)
        wells = WellsFile(content, media_type, options.block, options.sheet, options.decimal)
        found, report = plates.import_wells(session, PlateRef(scope, plate_id), file, wells, readers)
        summary = found.model_dump(include={"source", "quality", "findings", "warnings"})
        return answer(WellsReport(**summary, report=_upload_report(report)))

    return once(take)


@router.get(
    "/{plate_id}/curves/{candidate_id}.{extension}",
    response_class=Response,
    responses={**PICTURE, **guarded(404, 409)},
)
def draw_plate_curve(
    scope: Read, plate_id: PlateId, candidate_id: CandidateId, extension: Extension, session: Transaction
) -> Response:
    """Return the wells of one candidate and the curve through them as a picture."""
    plate = plates.get_plate(session, PlateRef(scope, plate_id))
    if plate.analysis is None:
        raise ConflictError("this plate was not read yet: there is no curve")
    analysis = Analysis.model_validate(plate.analysis)
    if candidate_id not in {item.candidate_id for item in analysis.findings}:
        raise NotFoundError(f"plate {plate.name} does not hold candidate {candidate_id}")
    title = (
        f"{plate.name}: {_shown(queries.get_candidate(session, scope.workspace_id, candidate_id).display)}"
    )
    units = LayoutSpec.model_validate(plate.spec).doses.units
    return Response(
        draw_curve(analysis, candidate_id, (title, units), extension), media_type=FORMATS[extension]
    )


def plate_view(row: tables.Plate, number: int) -> Plate:
    """Return a stored plate as the API tells it."""
    return Plate(
        id=row.id,
        name=row.name,
        type=row.spec["type"],
        state=_state(row.transfers is not None, row.analysis is not None),
        created_at=row.created_at,
        campaign_id=row.campaign_id,
        round=number,
        spec=LayoutSpec.model_validate(row.spec),
        layout=PlateLayout.model_validate(row.layout),
        failed_wells=failed_wells(row),
        analysis=None if row.analysis is None else Analysis.model_validate(row.analysis),
    )


def _state(is_filled: bool, is_read: bool) -> PlateState:  # noqa: FBT001 - two columns of a row
    if is_read:
        return "read"
    return "filled" if is_filled else "laid_out"


def _upload_report(report: Report) -> UploadReport:
    return UploadReport(**report.as_json())


def _shown(text: str) -> str:
    return text if len(text) <= 50 else f"{text[:49]}…"  # noqa: PLR2004 - what a picture has room for
