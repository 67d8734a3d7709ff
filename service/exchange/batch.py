"""A round's batch as a file: flat rows, written by a table format or by one of the domain's own.

Columns and their order are those of docs/results.md. Knows no HTTP and no SQL; JSON is written by the API's
own schema.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.specs.columns import FIELDS, GUARDRAIL, PREDICTED, PREFERENCE, RESULT_FIELDS, own_column
from service.exchange.batch_workbook import OWN_FIELDS, BatchRequest, write_workbook
from service.exchange.columns import COMPOUND_ID
from service.exchange.formats import parquet, workbook
from service.exchange.registry import written_formats
from service.exchange.requested_results import requested_results
from service.exchange.results_so_far import so_far_columns
from service.exchange.routes import route_columns
from service.exchange.tables import UnknownFormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from models.records import ObjectPrediction, ProposedCandidate
    from service.records import StandardResult

    Judged = ProposedCandidate | ObjectPrediction


SECOND_LOOK = ("matched_pair", "matched_change", "alerts")
"""Columns that a table has only where some object has something to tell there."""


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A stored candidate.

    Its id, its present status, what the round said about it, what was measured so far, the id that the
    laboratory gave its object, and the route by which it can be made.
    """

    candidate_id: str
    status: str
    candidate: ProposedCandidate
    results: tuple[StandardResult, ...] = ()
    compound_id: str | None = None
    route: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class BatchFile:
    """A file to download."""

    content: bytes
    media_type: str
    extension: str


def batch_formats(domain: Domain) -> dict[str, str]:
    """Return name -> media type of every format `write_batch` offers for a domain, except JSON."""
    own = {name: item.media_type for name, item in domain.formats.items()}
    return {extension: media for extension, (media, _) in written_formats().items()} | own


def missing_formats(domain: Domain) -> dict[str, str]:
    """Return name -> reason of every format that one may expect of a batch and that is not offered."""
    missing = {} if parquet.FORMAT.write else {parquet.FORMAT.extension: parquet.MISSING}
    return missing | dict(domain.missing_formats)


def write_batch(
    rows: Sequence[BatchRow],
    spec: CampaignSpec,
    domain: Domain,
    name: str,
    request: BatchRequest | None = None,
) -> BatchFile:
    """Return the batch as a file.

    A workbook has one sheet or, with what there is to say of the `request`, also those that a lab works with.

    Raises:
        UnknownFormatError: if neither the tables nor the domain have a format of this name.
    """
    offered = batch_formats(domain)
    if name not in offered:
        raise UnknownFormatError(f"no format {name!r}; this campaign has {', '.join(('json', *offered))}")
    if name in domain.formats:
        own = domain.formats[name]
        flat = flat_rows(rows, spec, domain)
        named = [{**columns, "object": row.candidate.object} for columns, row in zip(flat, rows, strict=True)]
        return BatchFile(own.write(named), own.media_type, own.extension or name)
    if name == workbook.FORMAT.extension and request is not None:
        flat = flat_rows(rows, spec, domain, is_typed=True)
        return BatchFile(write_workbook(flat, spec, domain, request), offered[name], name)
    _, write = written_formats()[name]
    flat = flat_rows(rows, spec, domain, is_typed=name == parquet.FORMAT.extension)
    return BatchFile(write(flat), offered[name], name)


def flat_rows(
    rows: Sequence[BatchRow], spec: CampaignSpec, domain: Domain, *, is_typed: bool = False
) -> list[dict[str, Any]]:
    """Return one flat mapping per candidate, all with the same keys in the order of docs/results.md.

    An objective without a prediction leaves its cells blank (None). The empty result columns come last; where
    columns are typed, each objective has its own relation and units, because a number cannot bear them.
    """
    computed = list(dict.fromkeys(name for row in rows for name in row.candidate.computed))
    objects = [domain.columns(row.candidate.object) for row in rows]
    empty = dict.fromkeys(column for columns in objects for column in columns)
    so_far = [so_far_columns(row.results, row.candidate.object, spec, domain) for row in rows]
    has_results = any(text for columns in so_far for text in columns.values())
    has_own_ids = any(row.compound_id for row in rows)
    has_routes = any(row.route for row in rows)
    flat = []
    for row, columns, results in zip(rows, objects, so_far, strict=True):
        named = {"candidate_id": row.candidate_id, "rank": row.candidate.rank}
        named |= {COMPOUND_ID: row.compound_id} if has_own_ids else {}
        described = {**empty, **columns}
        whole = beside(described, named) | _described(row, described, computed, spec, domain)
        # what a route costs may be a computed property as well, which then stands there already
        routed = route_columns(row.route) if has_routes else {}
        whole |= {name: value for name, value in routed.items() if name not in whole}
        whole |= results if has_results else {}
        flat.append(whole | _result_columns(whole, spec, is_typed=is_typed))
    return without_blank(flat)


def _described(
    row: BatchRow, described: Mapping[str, Any], computed: Iterable[str], spec: CampaignSpec, domain: Domain
) -> dict[str, Any]:
    candidate = row.candidate
    flat: dict[str, Any] = {
        **domain.remarks(candidate.object),
        "status": row.status,
        **expected_columns(candidate, computed, spec),
        "beta": candidate.beta,
    }
    flat |= {f"{PREFERENCE}{item.name}": candidate.preference.get(item.name) for item in spec.objectives}
    flat |= {**nearest_columns(candidate), "purpose": candidate.purpose, **domain_column(candidate)}
    flat |= {"reason": candidate.reason}
    return {**described, **beside(described, flat)}


def expected_columns(item: Judged, computed: Iterable[str], spec: CampaignSpec) -> dict[str, Any]:
    """Return what is expected of an object: predictions, computed properties, acquisition and bounds."""
    flat: dict[str, Any] = {}
    for objective in spec.objectives:
        prediction = item.predictions.get(objective.name)
        if prediction is not None or objective.computed is None:
            flat |= {f"{objective.name}_{part}": getattr(prediction, part, None) for part in PREDICTED}
    flat |= {name: item.computed.get(name) for name in computed}
    flat |= {"acquisition": item.acquisition, "feasibility": item.feasibility}
    return flat | {f"{GUARDRAIL}{rail.name}": item.guardrails.get(rail.name) for rail in spec.guardrails}


def nearest_columns(item: Judged) -> dict[str, Any]:
    """Return what was measured near an object, and what deserves a second look in it."""
    nearest = item.nearest_measured
    return {
        "nearest_measured": nearest.object if nearest else None,
        "nearest_similarity": nearest.similarity if nearest else None,
        **_matched_columns(item),
        "alerts": "; ".join(item.alerts) or None,
    }


def _matched_columns(item: Judged) -> dict[str, Any]:
    """Return a measured object that differs by one exchange, and the exchange."""
    matched = item.matched_pair
    return {
        "matched_pair": matched.object if matched else None,
        "matched_change": matched.change if matched else None,
    }


def domain_column(item: Judged) -> dict[str, Any]:
    """Return whether predictions can be trusted, in words of a table."""
    return {"in_domain": None if item.in_domain is None else str(item.in_domain).lower()}


def without_blank(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows without the columns of a second look that no row has anything for."""
    names = [name for name in SECOND_LOOK if all(row.get(name) is None for row in rows)]
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def beside(described: Mapping[str, Any], columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns, renamed where the domain has a column of that name."""
    return {f"batch_{name}" if name in described else name: value for name, value in columns.items()}


def _result_columns(taken: Mapping[str, Any], spec: CampaignSpec, *, is_typed: bool) -> dict[str, None]:
    """Return the columns to fill in; one whose name is taken ends in `_result`."""
    measured = requested_results(spec)
    reserved = {column.casefold() for column in (*taken, *FIELDS)}
    columns = [f"{item.name}_result" if item.name.casefold() in reserved else item.name for item in measured]
    if not is_typed:
        return dict.fromkeys((*columns, *RESULT_FIELDS))
    own: list[str] = []
    for item, column in zip(measured, columns, strict=True):
        own += [column, *(own_column(item.name, item.type, part) for part in OWN_FIELDS)]
    return dict.fromkeys((*own, *RESULT_FIELDS))
