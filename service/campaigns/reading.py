"""Tables of callers, read in children: parsing and chemistry of what may be anything. Knows no HTTP.

The functions that begin with an underscore run in a child, which has neither the database nor a thread of
this process.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, final
from uuid import UUID

from models.campaign.spec import CampaignSpec
from models.domains import installed, open_domain
from models.domains.contract import Domain, ParsedObject
from models.domains.wrapper import DelegatingDomain
from models.specs.base import DomainSpec
from service.children import Children, ChildTask, ParentChannel
from service.errors import UnprocessableError
from service.exchange import (
    NOTHING_SAID,
    CampaignView,
    ReadingOptions,
    Report,
    TableError,
    Upload,
    check_upload,
    most_rows,
    open_objects,
    open_upload,
    read_objects,
)
from service.exchange.list_parts import list_parts, most_list_rows
from service.exchange.object_lists import ListPart, read_part
from service.exchange.tables import MAX_CELLS
from service.records import StandardResult
from service.strict_json import MAX_MODEL_BYTES, parse_body

TICK = 20
"""Objects between two signs of progress."""
_MAX_UNKNOWN_MEMBERS = 100
_ADVICE = "split it into smaller tables, and look for objects of extraordinary size"
MAX_RESULTS = 250_000
"""Most results of one table: a row with several measured columns holds as many."""
ProgressCallback = Callable[[float | None], None]
Mentioned = tuple[frozenset[str], frozenset[str], frozenset[str]]
"""What stands in a table under `candidate_id`, `external_id` and, where a row names no object, `compound_id`.
"""
Known = tuple[
    Mapping[str, str],
    Mapping[tuple[str, str], StandardResult],
    Mapping[str, Collection[str]],
    Mapping[str, Mapping[str, float]],
]
"""Objects of candidates by id, results stored under an assay type and external id, objects by their own ids,
and predictions of the candidates by objective."""


def no_progress(_share: float | None) -> None:
    """Hear nothing."""


@dataclass(frozen=True, slots=True)
class SentTable:
    """A table as it was sent, with what its sender says of it.

    `member` is that of a JSON body whose array it is.
    """

    content: bytes
    media_type: str
    sheet: str | None = None
    member: str | None = None
    reading: ReadingOptions = NOTHING_SAID

    @property
    def read_options(self) -> ReadingOptions:
        """How the sender wants it read."""
        return self.reading if self.sheet is None else self.reading.model_copy(update={"sheet": self.sheet})


@final
class Reader:
    """Reads tables in children.

    Args:
        children: who read.
        seconds: computing time of one table or, where reading is followed, from one sign of progress to the
            next.
        is_followed: whether somebody waits for the end of a long job, and not for an answer.
    """

    def __init__(self, children: Children, seconds: float, *, is_followed: bool = False) -> None:
        self._children = children
        self._task = ChildTask("the table", seconds, advice=_ADVICE, is_followed=is_followed)

    def close(self) -> None:
        """End the children."""
        self._children.close()

    def count_rows(self, table: SentTable) -> int:
        """Return how many rows a table has at most, without reading it.

        Raises:
            TableError: if it has more than are read, or cannot even be counted.
        """
        found: int = self._children(self._task, _most_rows, table)
        return found

    def results(
        self,
        spec: CampaignSpec,
        table: SentTable,
        known: Callable[[Mentioned], Known],
        on_progress: ProgressCallback = no_progress,
    ) -> Report:
        """Return what becomes of every row of a table of a campaign's results; nothing is stored.

        Args:
            spec: the campaign's.
            table: as it was sent.
            known: says what the campaign has of what the table mentions.
            on_progress: hears which share is done, or None while there is nothing new; what it raises ends
                the reading.

        Raises:
            UnknownFormatError: if the media type is none that is read.
            SheetError: if there is no such sheet.
            TableError: if the table as a whole cannot be read.
            UnprocessableError: if reading takes more than a child may.
        """
        document = spec.model_dump(mode="json")
        report: Report = self._children(
            self._task, _results, table, document, answer=known, on_progress=on_progress
        )
        return report

    def split_body(self, content: bytes) -> tuple[dict[str, Any], tuple[bytes, str]]:
        """Return a JSON body without its member `table`, and the table with its media type.

        Raises:
            UnprocessableError: if there is no table, or the rest is too long.
        """
        found: tuple[dict[str, Any], tuple[bytes, str]] = self._children(self._task, _split_body, content)
        return found

    def look_at_objects(self, spec: CampaignSpec, table: SentTable, most: int) -> None:
        """Find what is wrong with a table of objects as a whole, without reading any; raises as `objects`."""
        self._children(self._task, _look_at_objects, table, spec.model_dump(mode="json"), most)

    def objects(
        self, spec: CampaignSpec, table: SentTable, most: int, on_progress: ProgressCallback = no_progress
    ) -> Report:
        """Return the object of every row of a table, or the reason why there is none.

        Raises:
            TableError: if the table cannot be read, or has more than `most` rows; else as `results`.
        """
        report: Report = self._children(
            self._task, _objects, table, spec.model_dump(mode="json"), most, on_progress=on_progress
        )
        return report

    def collection(
        self,
        table: SentTable,
        spec: DomainSpec,
        add: Callable[[ListPart], None],
        on_progress: ProgressCallback = no_progress,
    ) -> None:
        """Read a list of objects, part after part.

        Args:
            table: as it was sent.
            spec: of the domain whose objects they are.
            add: takes each part; what it raises ends the reading.
            on_progress: hears which share is done.

        Raises:
            TableError: if the list cannot be read; else as `results`.
        """
        document = spec.model_dump(mode="json")
        self._children(self._task, _collection, table, document, answer=add, on_progress=on_progress)

    def count_list_rows(self, table: SentTable) -> int:
        """Return how many rows a list has at most, without reading it; raises as `count_rows`."""
        found: int = self._children(self._task, _most_list_rows, table)
        return found

    def measurements(
        self, spec: CampaignSpec, table: SentTable, on_progress: ProgressCallback = no_progress
    ) -> Report:
        """Return what becomes of every row of a table of results that no campaign has stored.

        Raises as `results`.
        """
        report: Report = self._children(
            self._task, _measurements, table, spec.model_dump(mode="json"), on_progress=on_progress
        )
        return report


def uuids(texts: frozenset[str]) -> set[UUID]:
    """Return those of the texts that are UUIDs; a row with another one is rejected with its reason."""
    found = set()
    for text in texts:
        try:
            found.add(UUID(text))
        except ValueError:
            continue
    return found


@final
class _ProgressDomain(DelegatingDomain):
    """A domain that tells how many of a table's objects it has read."""

    def __init__(self, domain: Domain, channel: ParentChannel, n_rows: int) -> None:
        super().__init__(domain)
        self._channel = channel
        self._n_rows = max(1, n_rows)
        self._n_read = 0

    def read_object(self, fields: Mapping[str, str]) -> ParsedObject:
        self._n_read += 1
        if self._n_read % TICK == 0:
            self._channel.report_progress(min(1.0, self._n_read / self._n_rows))
        return super().read_object(fields)


def _most_rows(_channel: ParentChannel, table: SentTable) -> int:
    return most_rows(table.content, table.media_type)


def _most_list_rows(_channel: ParentChannel, table: SentTable) -> int:
    return most_list_rows(table.content, table.media_type)


def _collection(channel: ParentChannel, table: SentTable, document: Mapping[str, Any]) -> None:
    plugin = installed()[document["kind"]]
    domain = plugin.open(plugin.spec.from_stored(document))
    done = 0.0
    for part in list_parts(table.content, table.media_type, domain.object_columns):
        width = part.share - done

        def tick(share: float, start: float = done, width: float = width) -> None:
            channel.report_progress(start + width * share)

        channel.request(read_part(part, domain, tick, table.sheet))
        done = part.share


def _results(channel: ParentChannel, table: SentTable, document: Mapping[str, Any]) -> Report:
    upload, view = _opened(channel, table, document)
    mentioned = (upload.mentioned("candidate_id"), upload.mentioned("external_id"), upload.own_ids())
    candidates, stored, own_ids, predicted = channel.request(mentioned)
    view = replace(view, candidates=candidates, stored=stored, own_ids=own_ids, predicted=predicted)
    return check_upload(upload, view)


def _measurements(channel: ParentChannel, table: SentTable, document: Mapping[str, Any]) -> Report:
    return check_upload(*_opened(channel, table, document))


def _opened(
    channel: ParentChannel, table: SentTable, document: Mapping[str, Any]
) -> tuple[Upload, CampaignView]:
    """Return a table of results whose columns are understood, and its campaign as if nothing were stored."""
    spec = CampaignSpec.from_stored(document)
    domain = open_domain(spec.domain)
    upload = open_upload(table.content, table.media_type, spec, domain, table.read_options)
    if len(upload.entries) > MAX_RESULTS:
        n = len(upload.entries)
        raise TableError(f"the table holds {n} results; at most {MAX_RESULTS} are read at once: split it")
    return upload, CampaignView(spec, _ProgressDomain(domain, channel, len(upload.entries)))


def _objects(channel: ParentChannel, table: SentTable, document: Mapping[str, Any], most: int) -> Report:
    domain = open_domain(CampaignSpec.from_stored(document).domain)
    rows = most_rows(table.content, table.media_type)
    reporting_domain = _ProgressDomain(domain, channel, min(rows, most))
    return read_objects(_array(table), table.media_type, reporting_domain, table.sheet, most)


def _look_at_objects(
    _channel: ParentChannel, table: SentTable, document: Mapping[str, Any], most: int
) -> None:
    domain = open_domain(CampaignSpec.from_stored(document).domain)
    open_objects(_array(table), table.media_type, domain, table.sheet, most)


def _split_body(_channel: ParentChannel, content: bytes) -> tuple[dict[str, Any], tuple[bytes, str]]:
    if content.count(b",") > MAX_CELLS:
        raise wrong("/table", f"the table has more than {MAX_CELLS} cells: split it")
    body = parse_body(content)
    if not isinstance(body, dict):
        raise wrong("", "send an object with spec and table")
    table = body.pop("table", None)
    if len(json.dumps(body)) > MAX_MODEL_BYTES:
        raise wrong("", f"at most {MAX_MODEL_BYTES} bytes of JSON are read beside the table")
    if isinstance(table, list):
        return body, (json.dumps(table).encode(), "application/json")
    if isinstance(table, str):
        return body, (table.encode(), "text/csv")
    raise wrong("/table", "send an array of rows, or CSV text")


def wrong(pointer: str, detail: str) -> UnprocessableError:
    """Return the problem of one place in a body."""
    return UnprocessableError(f"{pointer or 'the body'}: {detail}", [{"pointer": pointer, "detail": detail}])


def _array(table: SentTable) -> bytes:
    """Return the table's own bytes: in a JSON body with other members, those of its array.

    Raises:
        UnprocessableError: if the body is no such JSON.
    """
    if table.member is None or table.media_type.partition(";")[0].strip().lower() != "application/json":
        return table.content
    most_rows(table.content, table.media_type)
    body = parse_body(table.content)
    pointer = f"/{table.member}"
    if not isinstance(body, dict) or not isinstance(body.get(table.member), list):
        raise wrong(pointer, f"send an array of {table.member}, each with its columns")
    if unknown := [name for name in body if name != table.member][:_MAX_UNKNOWN_MEMBERS]:
        raise UnprocessableError(
            "unknown members", [{"pointer": f"/{name}", "detail": "unknown"} for name in unknown]
        )
    return json.dumps(body[table.member]).encode()
