"""Plates of a round: laid out, filled by robots, read. What they come to is stored as results of an upload are."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from service.campaigns import queries
from service.campaigns.plate_files import PlateFiles
from service.campaigns.reading import Reader
from service.campaigns.uploads import Mode, Owner, ResultsFile, import_results, table_errors_as_problems
from service.errors import ConflictError, NotFoundError, UnprocessableError
from service.exchange import Report
from service.plates.analysis import JSON, WellsFile
from service.plates.filling import Filling
from service.plates.layouts import lay_out
from service.plates.problems import invalid
from service.plates.records import Analysis, PlateLayout
from service.plates.results import check_assay, failed_rows, result_rows
from service.plates.specs import LayoutSpec
from service.plates.transfer_reports import TransferReport
from service.store import campaigns, plates
from service.store.paging import Page
from service.store.states import LIVE
from service.store.tables import Campaign, Candidate, Plate

HAS_BATCH = ("awaiting_results", "completed")
MAX_LISTED = 5


@dataclass(frozen=True, slots=True)
class RoundScope:
    """Where plates of one round are: the caller's workspace, the campaign and the number of the round."""

    workspace_id: UUID
    campaign_id: UUID
    number: int


@dataclass(frozen=True, slots=True)
class PlateRef:
    """Where one plate is."""

    scope: RoundScope
    plate_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFile:
    """A file about a plate, and how what it comes to is to be taken."""

    content: bytes
    key_id: str | None
    media_type: str = "application/octet-stream"
    filename: str | None = None
    mode: Mode = "atomic"
    dry_run: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class Readers:
    """Who reads files about plates, and who reads the results that they come to."""

    files: PlateFiles
    results: Reader


def create_plate(session: Session, scope: RoundScope, spec: LayoutSpec) -> Plate:
    """Lay a plate of a round out and store it.

    Raises:
        NotFoundError: if there is no such round.
        ConflictError: if it has no batch, the campaign is archived, or has a plate of this name.
        UnprocessableError: if the layout does not fit, or the campaign does not read what it measures.
    """
    row = queries.get_round(session, scope.workspace_id, scope.campaign_id, scope.number)
    campaign = _locked(session, scope)
    if row.state not in HAS_BATCH:
        raise ConflictError(f"round {row.number} is {row.state} and has no batch to lay out")
    if plates.is_named(session, campaign.id, spec.name):
        raise ConflictError(
            f"the campaign has a plate {spec.name!r} already; a plate that is made again is another one"
        )
    assay = check_assay(spec, CampaignSpec.from_stored(campaign.spec))
    spec = spec.model_copy(update={"type": assay.type})
    chosen = _chosen(queries.batch(session, row.id), spec)
    layout = lay_out(spec, chosen, secrets.randbelow(2**31) if spec.seed is None else spec.seed)
    plate = Plate(
        campaign_id=campaign.id,
        round_id=row.id,
        name=spec.name,
        spec=spec.model_dump(mode="json"),
        layout=layout.model_dump(mode="json"),
    )
    session.add(plate)
    session.flush()
    session.refresh(plate)
    return plate


def get_plate(session: Session, ref: PlateRef) -> Plate:
    """Return a plate.

    Raises:
        NotFoundError: if the workspace has none at this address.
    """
    scope = ref.scope
    found = plates.find(session, scope.workspace_id, scope.campaign_id, scope.number, ref.plate_id)
    if found is None:
        raise NotFoundError(f"round {scope.number} has no plate {ref.plate_id}")
    return found


def list_plates(session: Session, scope: RoundScope, limit: int, cursor: str | None = None) -> Page[Any]:
    """Return one page of a round's plates, oldest first, as rows without their wells.

    Raises:
        NotFoundError: if there is no such round.
    """
    row = queries.get_round(session, scope.workspace_id, scope.campaign_id, scope.number)
    return plates.page(session, row.id, limit, cursor)


def delete_plate(session: Session, ref: PlateRef) -> None:
    """Delete a plate that was laid out and nothing more, so that its name is free again.

    Raises:
        NotFoundError: if there is no such plate.
        ConflictError: if it was filled or read, or the campaign is archived.
    """
    plate, *_ = _opened(session, ref)
    if plate.transfers is not None or plate.analysis is not None:
        raise ConflictError("this plate was filled or read: what became of it is kept")
    session.delete(plate)


def failed_wells(plate: Plate) -> dict[str, str]:
    """Return the wells that were not filled as planned, with the reasons."""
    return dict(plate.transfers["failed"]) if plate.transfers else {}


def import_transfers(
    session: Session, ref: PlateRef, file: SentFile, readers: Readers
) -> tuple[TransferReport, Report]:
    """Note which wells a robot did not fill; candidates without any filled well become failed results.

    Several reports of one plate add up, and the same report counts once. A well that a later one says is filled counts
    again, unless its candidate has a failed result: that one is stored, and the candidate is measured on another plate.

    Raises:
        NotFoundError: if there is no such plate.
        ConflictError: if it was read already, or the campaign is archived.
        UnprocessableError: if the file is no report of this plate.
    """
    plate, spec, layout = _opened(session, ref)
    if plate.analysis is not None:
        raise ConflictError("this plate was read already: a report of its filling comes before its readings")
    with table_errors_as_problems():
        found = readers.files.transfers(file.content, spec.name, spec.wells)
    _check_used(found, layout)
    filling, found = _filled(plate, layout, found, file)
    reasons = _reasons(layout, filling.failed)
    report = Report(())
    if reasons:
        campaign = queries.get_campaign(session, ref.scope.workspace_id, ref.scope.campaign_id)
        assay = check_assay(spec, CampaignSpec.from_stored(campaign.spec))
        report = _store(session, ref, file, failed_rows(spec, assay, reasons), readers.results)
    if not file.dry_run:
        reports = [*(plate.transfers or {}).get("reports", ()), {**_named(file), "n_transfers": found.n_transfers}]
        plate.transfers = {**filling.as_json(), "reports": reports}
        _touch(plate)
    return found, report


def import_wells(
    session: Session, ref: PlateRef, file: SentFile, wells: WellsFile, readers: Readers
) -> tuple[Analysis, Report]:
    """Read a plate and store what its wells come to, one result a candidate; a dry run stores nothing.

    Raises:
        NotFoundError: if there is no such plate.
        ConflictError: if the campaign is archived.
        UnsupportedMediaTypeError: if the format is none that is read.
        UnprocessableError: if the file is not of this plate or can be read in two ways, its controls tell nothing, or
            a result is refused (another one of this plate is stored already).
    """
    plate, spec, _ = _opened(session, ref)
    campaign = queries.get_campaign(session, ref.scope.workspace_id, ref.scope.campaign_id)
    assay = check_assay(spec, CampaignSpec.from_stored(campaign.spec))
    with table_errors_as_problems():
        analysis = readers.files.analysis(wells, plate.spec, plate.layout, failed_wells(plate))
    report = _store(session, ref, file, result_rows(spec, assay, analysis), readers.results)
    if report.accepted and not file.dry_run:
        plate.analysis = {**analysis.model_dump(mode="json"), "file": _named(file)}
        _touch(plate)
    return analysis, report


def _opened(session: Session, ref: PlateRef) -> tuple[Plate, LayoutSpec, PlateLayout]:
    """Return a plate that nobody else writes meanwhile, and its documents.

    Raises:
        NotFoundError: if there is no such plate.
        ConflictError: if the campaign is archived.
    """
    _check_open(queries.get_campaign(session, ref.scope.workspace_id, ref.scope.campaign_id))
    plate = plates.lock(session, get_plate(session, ref).id)
    return plate, LayoutSpec.model_validate(plate.spec), PlateLayout.model_validate(plate.layout)


def _locked(session: Session, scope: RoundScope) -> Campaign:
    campaign = campaigns.lock(session, scope.workspace_id, scope.campaign_id)
    assert campaign is not None  # its round was found
    _check_open(campaign)
    return campaign


def _check_open(campaign: Campaign) -> None:
    if campaign.state == "archived":
        raise ConflictError("the campaign is archived: its plates stay as they are")


def _chosen(batch: Sequence[Candidate], spec: LayoutSpec) -> list[UUID]:
    """Return the candidates of a plate: those that are named, or all of the batch that wait.

    Raises:
        UnprocessableError: if one is not of the batch or does not wait, or none waits.
    """
    waiting = [item.id for item in batch if item.status in LIVE]
    if spec.candidates is None:
        if not waiting:
            raise invalid("/candidates", "no candidate of this batch waits for its outcome: name those to be laid out")
        return waiting
    known = {item.id: item for item in batch}
    for place, candidate_id in enumerate(spec.candidates):
        found = known.get(candidate_id)
        if found is None:
            raise invalid(f"/candidates/{place}", "this candidate is not of this round's batch")
        if found.status in ("rejected", "withdrawn"):
            raise invalid(f"/candidates/{place}", f"this candidate was {found.status} and is not made")
    return list(spec.candidates)


def _check_used(found: TransferReport, layout: PlateLayout) -> None:
    used = {well.well for well in layout.wells}
    unknown = [well for well in found.failed if well not in used]
    if unknown:
        detail = f"transfers failed into wells that the layout leaves empty ({_shown(unknown)}): is it of this plate?"
        raise UnprocessableError(detail, errors=[{"column": "Destination Well", "detail": detail}])


def _filled(plate: Plate, layout: PlateLayout, found: TransferReport, file: SentFile) -> tuple[Filling, TransferReport]:
    """Return which wells do not count after one more report, and the report with what it cannot change any more."""
    before = Filling.from_stored(plate.transfers)
    known = {item["sha256"] for item in (plate.transfers or {}).get("reports", ())}
    if _named(file)["sha256"] in known:
        return before, found
    stored = _reasons(layout, before.failed)
    kept = {well.well for well in layout.wells if well.candidate_id in stored}
    late = sorted(kept & set(found.moved))
    if late:
        warning = f"{_shown(late)}: filled too late, a failed result is stored; lay the candidate out on another plate"
        found = replace(found, warnings=(*found.warnings, warning))
    return before.after(found, kept), found


def _shown(wells: Sequence[str]) -> str:
    more = f" and {len(wells) - MAX_LISTED} more" if len(wells) > MAX_LISTED else ""
    return ", ".join(wells[:MAX_LISTED]) + more


def _reasons(layout: PlateLayout, failed: Mapping[str, str]) -> dict[UUID, str]:
    """Return the candidates of which no well was filled, with the reasons of their wells."""
    wells: dict[UUID, list[str]] = {}
    for well in layout.wells:
        if well.candidate_id is not None:
            wells.setdefault(well.candidate_id, []).append(well.well)
    return {
        candidate_id: _failure_reason(mine, failed)
        for candidate_id, mine in wells.items()
        if all(well in failed for well in mine)
    }


def _failure_reason(wells: Sequence[str], failed: Mapping[str, str]) -> str:
    shown = "; ".join(f"{well}: {failed[well]}" for well in wells[:MAX_LISTED])
    return f"no well was filled ({shown}{'; ...' if len(wells) > MAX_LISTED else ''})"


def _store(session: Session, ref: PlateRef, file: SentFile, rows: bytes, reader: Reader) -> Report:
    """Take rows of results as if a user had uploaded them, and keep the file that they come from."""
    table = ResultsFile(
        content=rows,
        media_type=JSON,
        filename=file.filename,
        mode=file.mode,
        dry_run=file.dry_run,
        again=file.again,
        original=(file.content, file.media_type),
    )
    owner = Owner(ref.scope.workspace_id, file.key_id)
    return import_results(session, owner, ref.scope.campaign_id, table, reader)


def _named(file: SentFile) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(file.content).hexdigest(), "filename": file.filename, "api_key_id": file.key_id}


def _touch(plate: Plate) -> None:
    plate.version += 1
    plate.updated_at = func.now()
