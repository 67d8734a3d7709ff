"""Assay results of entities that are waited for, read page by page.

A run reads the results of all entities, twenty at a time, in the order of their creation. That order cannot
change while pages are read, so a result that is corrected meanwhile neither hides another one nor is lost:
the next run asks for whatever was modified since this one began, by Benchling's own clock. Entities that no
run has read yet are read from the start.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, final

from service.lims.contract import MeasuredRecord, Page, RecordGoneError, RetryLaterError
from service.lims.kinds.benchling.entities import ANY_STANDING
from service.lims.kinds.benchling.schemas import RESULT_SCHEMAS
from service.lims.kinds.benchling.session import PAGE, RejectedError, only_reading, read_object, records_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from service.lims.contract import Cursor, RemoteRecord, Scope, Standing
    from service.lims.kinds.benchling.schemas import Schemas
    from service.lims.kinds.benchling.session import Session
    from service.outbound.pinned_http import Reply

_ENTITIES = 20
"""Most entities in a filter of results."""
_REQUESTS = 10
"""Most requests of one page, when pages are empty."""
_MOST_REFUSED = 2
"""Most entities that are left out before anything was read; with more, it is the request that is refused."""
_MOST_RESTARTS = 3
_OVERLAP = timedelta(minutes=10)
"""Longest transaction: a result may be listed this long after the time at which it was modified."""
ANY_SOURCE = "*"


@final
@dataclass(slots=True)
class _Run:
    """Where a run is: request `at` of those of `batches`, and the page there.

    `batches` are (schema, entities, modified since); `began` is when, by Benchling's clock. `refused` are
    entities that Benchling does not know or show any more, or all of them if the request itself is at fault.
    """

    batches: list[tuple[str, list[str], str | None]]
    at: int = 0
    token: str = ""
    began: str = ""
    refused: list[str] = field(default_factory=list)
    n_restarts: int = 0


@final
class Results:
    """Reads results.

    Args:
        session: signed requests.
        schemas: of the tenant.
        entity_fields: result schema -> its field that names what was measured.
        is_reviewed_only: whether results count only once their notebook entry was reviewed.
    """

    def __init__(
        self,
        session: Session,
        schemas: Schemas,
        entity_fields: Mapping[str, str],
        *,
        is_reviewed_only: bool,
    ) -> None:
        self._session = session
        self._schemas = schemas
        self._entity_fields = entity_fields
        self._is_reviewed_only = is_reviewed_only

    def next_page(self, scope: Scope, cursor: Cursor | None) -> Page:
        """Return the next results that are new, corrected or withdrawn."""
        cursor = cursor or {}
        about = {record.id: record for record in scope.materials}
        run = _Run(**cursor["run"]) if cursor.get("run") else self._new_run(scope, cursor)
        measured: list[MeasuredRecord] = []
        content = b""
        for _ in range(_REQUESTS):
            if measured or run.at >= len(run.batches):
                break
            content, results = self._fetch(run)
            measured = [record for result in results for record in self._records(result, about)]
        is_over = run.at >= len(run.batches)
        return Page(
            measurements=measured,
            cursor=self._ended(run, cursor) if is_over else {**cursor, "run": asdict(run)},
            more=not is_over,
            content=content if measured else b"",
        )

    def _new_run(self, scope: Scope, cursor: Cursor) -> _Run:
        sources = sorted(self._sources(scope))
        is_same = cursor.get("read_as") == self._read_as(sources)
        read, since = set(cursor["read"] if is_same else ()), cursor.get("since")
        ids = sorted({record.id for record in scope.materials})
        groups = ([item for item in ids if item in read], [item for item in ids if item not in read])
        batches = [
            (source, group[begin : begin + _ENTITIES], since if group is groups[0] else None)
            for source in sources
            for group in groups
            for begin in range(0, len(group), _ENTITIES)
        ]
        return _Run(batches)

    def _read_as(self, sources: Sequence[str]) -> list[Any]:
        """Return what results depend on beside themselves: when it changes, all of them are read again."""
        fields = sorted(self._entity_fields.items())
        return [list(sources), [list(item) for item in fields], self._is_reviewed_only]

    def _sources(self, scope: Scope) -> Sequence[str]:
        if ANY_SOURCE not in scope.sources or not scope.materials:
            return scope.sources
        schemas = self._schemas.listed(RESULT_SCHEMAS)
        return [schema_id for schema_id, schema in schemas if schema.entity_links]

    def _ended(self, run: _Run, cursor: Cursor) -> Cursor:
        """Return the cursor after a whole run; without Benchling's time the next run reads everything."""
        if not run.batches:
            return dict(cursor)
        if not run.began:
            return {}
        sources = sorted({source for source, _, _ in run.batches})
        read = sorted({item for _, ids, _ in run.batches for item in ids} - set(run.refused))
        return {"read_as": self._read_as(sources), "read": read, "since": run.began}

    def _links_of(self, source: str) -> Sequence[str]:
        """Return the fields of a result schema that may name what was measured."""
        schema = self._schemas.one(RESULT_SCHEMAS, source)
        if schema is None:
            raise RecordGoneError(f"Benchling has no result schema {source!r}")
        chosen = self._entity_fields.get(source)
        if chosen is None and schema.entity_links:
            return schema.entity_links
        if chosen is not None and chosen in schema.fields:
            return (chosen,)
        known = ", ".join(schema.entity_links) or "none; results of batches and containers are not read"
        reason = (
            f"set result_entity_field: which field of the result schema {schema.name!r} names the candidate? "
            f"Those that link to entities: {known}"
        )
        raise RetryLaterError(reason, whole_connector=False)

    def _fetch(self, run: _Run) -> tuple[bytes, Sequence[Mapping[str, Any]]]:
        """Read the run's next page and move it on; return what came, and the results."""
        source, ids, since = run.batches[run.at]
        self._links_of(source)  # what cannot be assigned is not read
        params = {
            "schemaId": source,
            "entityIds": ",".join(ids),
            "archiveReason": ANY_STANDING,
            "sort": "createdAt:asc",
            "pageSize": PAGE,
            **({"modifiedAt.gte": since} if since else {}),
            **({"nextToken": run.token} if run.token else {}),
        }
        reply = self._session.reply("GET", "/assay-results", params=params)
        try:
            page = read_object(reply)
        except RejectedError as error:
            self._narrow(run, error)
            return b"", ()
        run.began = run.began or _server_time(reply)
        run.token = str(page.get("nextToken") or "")
        run.at += not run.token
        return reply.content, records_of(page, "assayResults", "/assay-results")

    def _narrow(self, run: _Run, error: RejectedError) -> None:
        """Go on after a refusal: a page that was forgotten is read anew, an entity at fault is left out."""
        source, ids, since = run.batches[run.at]
        if run.token:
            run.token = ""
            run.n_restarts += 1
        elif len(ids) > 1:
            half = len(ids) // 2
            run.batches[run.at : run.at + 1] = [(source, ids[:half], since), (source, ids[half:], since)]
        else:
            run.refused += ids
            run.at += 1
        is_request_at_fault = len(run.refused) > _MOST_REFUSED and not run.began
        if is_request_at_fault or run.n_restarts > _MOST_RESTARTS:
            raise only_reading(error, f"assay results of the schema {source!r}") from error

    def _records(
        self, result: Mapping[str, Any], about: Mapping[str, RemoteRecord]
    ) -> Iterable[MeasuredRecord]:
        source = str((result.get("schema") or {}).get("id", ""))
        given: Mapping[str, Mapping[str, Any]] = result.get("fields") or {}
        linked = _linked(given, about, self._links_of(source))
        if len(fields := dict.fromkeys(name for name, _, _ in linked)) > 1:
            reason = (
                f"set result_entity_field: a result of the schema {source} links to candidates in the fields "
                f"{' and '.join(fields)}"
            )
            raise RetryLaterError(reason, whole_connector=False)
        for _, entity_id, is_one_of_several in linked:
            suffix = f"/{entity_id}" if is_one_of_several else ""
            yield self._record(result, source, given, about[entity_id], suffix)

    def _record(
        self,
        result: Mapping[str, Any],
        source: str,
        given: Mapping[str, Mapping[str, Any]],
        about: RemoteRecord,
        suffix: str,
    ) -> MeasuredRecord:
        return MeasuredRecord(
            id=f"{result['id']}{suffix}",
            source=source,
            about=about,
            fields={**_about_result(result), **dict(_texts(given))},
            version=result.get("modifiedAt"),
            standing=self._standing(result),
        )

    def _standing(self, result: Mapping[str, Any]) -> Standing:
        if result.get("archiveRecord") or result.get("validationStatus") == "INVALID":
            return "withdrawn"
        return "preliminary" if self._is_reviewed_only and not result.get("isReviewed") else "final"


def _linked(
    given: Mapping[str, Mapping[str, Any]], about: Mapping[str, RemoteRecord], fields: Sequence[str]
) -> list[tuple[str, str, bool]]:
    """Return (field, entity, whether the field names several) of links to entities that are waited for."""
    found = []
    for name in fields:
        value = (given.get(name) or {}).get("value")
        ids = value if isinstance(value, list) else [value]
        found += [(name, str(item), len(ids) > 1) for item in ids if item in about]
    return found


def _about_result(result: Mapping[str, Any]) -> dict[str, str]:
    """Return what Benchling says of a whole result, as fields that a mapping may name."""
    names = ("createdAt", "entryId", "isReviewed", "projectId", "validationComment", "validationStatus")
    texts = {f"result.{name}": _plain(result.get(name)) for name in names}
    checks: Mapping[str, Mapping[str, Any]] = result.get("fieldValidation") or {}
    return texts | {
        f"{name}.validationStatus": _plain((check or {}).get("validationStatus"))
        for name, check in checks.items()
    }


def _texts(given: Mapping[str, Mapping[str, Any]]) -> Iterable[tuple[str, str]]:
    for name, body in given.items():
        yield name, _text(body)
        unit = body.get("unit") or {}
        if unit:
            yield f"{name}.unit", str(unit.get("symbol") or unit.get("name") or "")


def _text(body: Mapping[str, Any]) -> str:
    """Return a field as it is written there: digits of numbers, names of options and of linked records."""
    value, type_ = body.get("value"), str(body.get("type"))
    if value is None:
        return ""
    if type_ == "dropdown" or type_.endswith("_link"):
        return str(body.get("textValue") or body.get("displayValue") or _plain(value))
    return _plain(value)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    return json.dumps(value) if isinstance(value, dict) else str(value)


def _server_time(reply: Reply) -> str:
    """Return when Benchling answered, less the overlap; empty if it does not say so."""
    try:
        at = parsedate_to_datetime(reply.headers.get("date") or "")
    except ValueError:
        return ""
    return (at - _OVERLAP).isoformat()
