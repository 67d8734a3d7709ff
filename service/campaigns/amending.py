"""Correcting and withdrawing stored results. Each command runs in the caller's transaction and commits nothing.

Nothing is changed: a correction is a further result, and what ended a result is a row with a reason, a key and a time.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.domains.contract import Domain
from models.specs.columns import FIELDS, MEASURED_FIELDS, SYNONYMS, TRAITS, key
from service.campaigns import queries, results
from service.campaigns.locking import check_active, locked_campaign
from service.campaigns.reading import Known, Mentioned, Reader, SentTable, uuids, wrong
from service.campaigns.rows import NewResult, NewUpload
from service.campaigns.uploads import Owner, rejected_upload, table_errors_as_problems
from service.errors import ConflictError, NotFoundError
from service.records import StandardResult
from service.store import amendments, blobs, uploads
from service.store import results as result_rows
from service.store.amendments import Reason
from service.store.tables import Campaign, Result

_JSON = "application/json"
_QUANTITY = ("relation", "value", "units", "outcome", *MEASURED_FIELDS)
_STORED = "\0object"
"""Stands for the object of the stored result, as no column does."""


@dataclass(frozen=True, slots=True)
class SentCorrection:
    """What somebody says of one result: the columns of a row that are otherwise, why, and the request's own bytes."""

    changes: Mapping[str, Any]
    reason: str
    content: bytes


def correct_result(
    session: Session, owner: Owner, campaign_id: UUID, result_id: UUID, sent: SentCorrection, reader: Reader
) -> UUID:
    """Put another result in the place of one, and return its id; what the correction does not say stays.

    Raises:
        NotFoundError: if the workspace has no such campaign, or the campaign no such result.
        ConflictError: if the result counts no more, the campaign is archived, or another result has the external id.
        UnprocessableError: if the row cannot be read, or says what is stored.
    """
    campaign = queries.get_campaign(session, owner.workspace_id, campaign_id)
    before = results.countable(session, campaign_id, {result_id})[result_id]
    result, candidate_id = _read(session, campaign, before, sent.changes, reader)
    if result == results.standard(before) and candidate_id in (None, before.candidate_id):
        raise wrong("/row", "this is what is stored: give a column that is otherwise")
    check_active(locked_campaign(session, owner.workspace_id, campaign_id))
    digest = blobs.keep(session, sent.content)
    upload = NewUpload(media_type=_JSON, sha256=digest, blob=digest, api_key_id=owner.key_id)
    new = NewResult(row=1, verbatim=dict(sent.changes), result=result, candidate_id=candidate_id, corrects=result_id)
    (stored,) = results.store(session, campaign, upload, [new], sent.reason).rows
    if stored.result_id is None:
        raise ConflictError(f"another result says the same under external_id {result.external_id}: withdraw this one")
    return stored.result_id


def withdraw_result(session: Session, owner: Owner, campaign_id: UUID, result_id: UUID, reason: str) -> None:
    """Let a result count no more; its candidate waits again when it has no other.

    Raises:
        NotFoundError: if the workspace has no such campaign, or the campaign no such result.
        ConflictError: if the result counts no more, or the campaign is archived.
    """
    campaign = locked_campaign(session, owner.workspace_id, campaign_id)
    check_active(campaign)
    row = results.countable(session, campaign_id, {result_id})[result_id]
    amendments.withdraw(session, campaign_id, result_id, Reason(reason, owner.key_id))
    results.settle(session, campaign, {row.candidate_id} if row.candidate_id else set())


def withdraw_upload(session: Session, owner: Owner, campaign_id: UUID, upload_id: UUID, reason: str) -> int:
    """Let the results of an upload that still count do so no more, and return how many there were.

    Raises:
        NotFoundError: if the workspace has no such campaign, or the campaign no such upload.
        ConflictError: if none of its results counts, or the campaign is archived.
    """
    campaign = locked_campaign(session, owner.workspace_id, campaign_id)
    check_active(campaign)
    if uploads.find(session, campaign_id, upload_id) is None:
        raise NotFoundError(f"no upload {upload_id}")
    touched = result_rows.candidates_of_upload(session, upload_id)
    n = amendments.withdraw_upload(session, campaign_id, upload_id, Reason(reason, owner.key_id))
    if not n:
        raise ConflictError(f"every result of upload {upload_id} was corrected or withdrawn before")
    results.settle(session, campaign, touched)
    return n


def _read(
    session: Session, campaign: Campaign, before: Result, changes: Mapping[str, Any], reader: Reader
) -> tuple[StandardResult, UUID | None]:
    """Return a result with what a correction says of it, and the candidate that the correction names."""
    spec = CampaignSpec.from_stored(campaign.spec)
    given = _by_field(changes, open_domain(spec.domain))
    row = {**_unchanged(before, given), **given}
    keeps_object = _STORED in row

    def known(mentioned: Mentioned) -> Known:
        if keeps_object:  # its text is taken as it is: rules of reading have changed since it was stored
            return {str(before.id): before.object}, {}, {}, {}
        ids, _, _ = mentioned
        found = queries.candidates_by_id(session, campaign.id, uuids(ids))
        return {str(key): item.object for key, item in found.items()}, {}, {}, {}

    sent = {name: value for name, value in row.items() if value is not None and name != _STORED}
    if keeps_object:
        sent["candidate_id"] = str(before.id)
    with table_errors_as_problems("body"):
        report = reader.results(spec, SentTable(json.dumps([sent]).encode(), _JSON), known)
    if not report.accepted:
        raise rejected_upload(report, "corrected")
    (read,) = report.accepted
    assert read.result is not None, "it was accepted"
    return read.result, None if keeps_object or not read.candidate_id else UUID(read.candidate_id)


def _by_field(changes: Mapping[str, Any], domain: Domain) -> dict[str, Any]:
    """Return what is given by the names of a table's fields and of the object's columns.

    Raises:
        UnprocessableError: if a column is neither, is given twice, or a number is given without its units or the like.
    """
    objects = {key(name): name for name in (*domain.object_columns, *domain.qualifying_columns)}
    found: dict[str, Any] = {}
    for column, value in changes.items():
        plain = key(column)
        name = objects.get(plain) or SYNONYMS.get(plain, plain)
        if name not in FIELDS and plain not in objects:
            raise wrong(f"/row/{column}", f"a result has no {column[:40]!r}; it has {', '.join((*objects, *FIELDS))}")
        if name in found:
            raise wrong(f"/row/{column}", f"{name} is given twice")
        found[name] = value
    if "units" in found and "value" not in found:
        raise wrong("/row/units", "units belong to a value: give both")
    return found


def _unchanged(before: Result, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a stored result that a correction leaves as they are.

    A value or an outcome comes with everything that belongs to it. `_STORED` stands for the object.
    """
    kept = {"type": before.type, **{name: getattr(before, name) for name in TRAITS}, "comment": before.comment}
    if before.measured_at is not None:
        kept["measured_at"] = before.measured_at.isoformat()
    if not given.keys() & {"value", "outcome"}:
        kept |= {name: getattr(before, name) for name in _QUANTITY}
    if not given.keys() - set(FIELDS) and "candidate_id" not in given:
        kept[_STORED] = before.object
    return kept
