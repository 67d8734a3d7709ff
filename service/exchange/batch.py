"""A round's batch as a file: flat rows, written by a table format or by one of the domain's own.

Columns and their order are those of docs/results.md. Knows no HTTP and no SQL; JSON is written by the API's own schema.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.specs.columns import FIELDS, GUARDRAIL, PREDICTED, PREFERENCE, RESULT_FIELDS
from service.exchange.registry import written_formats
from service.exchange.tables import UnknownFormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from models.records import ObjectPrediction, ProposedCandidate

    Judged = ProposedCandidate | ObjectPrediction


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A stored candidate: its id, its present status and what the round said about it."""

    candidate_id: str
    status: str
    candidate: ProposedCandidate


@dataclass(frozen=True, slots=True)
class BatchFile:
    """A file to download."""

    content: bytes
    media_type: str
    extension: str


def batch_formats(domain: Domain) -> dict[str, str]:
    """Return extension -> media type of every format `write_batch` offers for a domain, except JSON."""
    return {extension: media for extension, (media, _) in _writers(domain).items()}


def write_batch(rows: Sequence[BatchRow], spec: CampaignSpec, domain: Domain, extension: str) -> BatchFile:
    """Return the batch as a file.

    Raises:
        UnknownFormatError: if neither the tables nor the domain have this format.
    """
    writers = _writers(domain)
    if extension not in writers:
        raise UnknownFormatError(f"no format {extension!r}; this campaign has {', '.join(('json', *writers))}")
    media_type, write = writers[extension]
    flat = flat_rows(rows, spec, domain)
    if extension in domain.formats:
        flat = [{**columns, "object": row.candidate.object} for columns, row in zip(flat, rows, strict=True)]
    return BatchFile(write(flat), media_type, extension)


def flat_rows(rows: Sequence[BatchRow], spec: CampaignSpec, domain: Domain) -> list[dict[str, Any]]:
    """Return one flat mapping per candidate, all with the same keys in the order of docs/results.md.

    An objective without a prediction leaves its cells blank (None). The empty result columns come last.
    """
    computed = list(dict.fromkeys(name for row in rows for name in row.candidate.computed))
    described = [domain.columns(row.candidate.object) for row in rows]
    names = dict.fromkeys(column for columns in described for column in columns)
    empty = dict.fromkeys(names)
    return [_flat(row, {**empty, **columns}, computed, spec) for row, columns in zip(rows, described, strict=True)]


def _writers(domain: Domain) -> dict[str, tuple[str, Callable[[Sequence[Mapping[str, Any]]], bytes]]]:
    found = written_formats()
    for extension, item in domain.formats.items():
        found[extension] = (item.media_type, item.write)
    return found


def _flat(row: BatchRow, described: Mapping[str, Any], computed: Iterable[str], spec: CampaignSpec) -> dict[str, Any]:
    candidate = row.candidate
    flat: dict[str, Any] = {"status": row.status, **expected_columns(candidate, computed, spec), "beta": candidate.beta}
    flat |= {f"{PREFERENCE}{item.name}": candidate.preference.get(item.name) for item in spec.objectives}
    flat |= {**nearest_columns(candidate), "purpose": candidate.purpose, **domain_column(candidate)}
    flat |= {"reason": candidate.reason}
    named = {"candidate_id": row.candidate_id, "rank": candidate.rank}
    whole = {**beside(described, named), **described, **beside(described, flat)}
    return whole | _result_columns(whole, spec)


def expected_columns(item: Judged, computed: Iterable[str], spec: CampaignSpec) -> dict[str, Any]:
    """Return what is expected of an object: predictions, computed properties, acquisition and bounds."""
    flat: dict[str, Any] = {}
    for objective in spec.objectives:
        prediction = item.predictions.get(objective.name)
        if prediction is not None or objective.assay_type is not None:
            flat |= {f"{objective.name}_{part}": getattr(prediction, part, None) for part in PREDICTED}
    flat |= {name: item.computed.get(name) for name in computed}
    flat |= {"acquisition": item.acquisition, "feasibility": item.feasibility}
    return flat | {f"{GUARDRAIL}{rail.name}": item.guardrails.get(rail.name) for rail in spec.guardrails}


def nearest_columns(item: Judged) -> dict[str, Any]:
    """Return the most similar measured object and how similar it is."""
    nearest = item.nearest_measured
    return {
        "nearest_measured": nearest.object if nearest else None,
        "nearest_similarity": nearest.similarity if nearest else None,
    }


def domain_column(item: Judged) -> dict[str, Any]:
    """Return whether predictions can be trusted, in words of a table."""
    return {"in_domain": None if item.in_domain is None else str(item.in_domain).lower()}


def beside(described: Mapping[str, Any], columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns, renamed where the domain has a column of that name."""
    return {f"batch_{name}" if name in described else name: value for name, value in columns.items()}


def _result_columns(taken: Mapping[str, Any], spec: CampaignSpec) -> dict[str, None]:
    """Return the columns to fill in; one whose name is taken ends in `_result`."""
    names = [item.name for item in spec.objectives if item.assay_type is not None]
    reserved = {column.casefold() for column in (*taken, *FIELDS)}
    columns = [f"{name}_result" if name.casefold() in reserved else name for name in names]
    return dict.fromkeys((*columns, *RESULT_FIELDS))
