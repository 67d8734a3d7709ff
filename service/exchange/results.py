"""An uploaded file, read to the end: table, columns, rows, report.

In two steps, so that the caller looks up only the candidates that the file mentions.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from service.exchange.both_scales import without_contradictions
from service.exchange.columns import COMPOUND_ID, map_columns, with_warnings
from service.exchange.curves import check_is_no_curve
from service.exchange.dates import decide_date_format, has_serials
from service.exchange.entries import entries
from service.exchange.meanings import with_meanings
from service.exchange.named_columns import with_columns_named
from service.exchange.object_units import in_domain_units, under_domain_names, warn_of_absent_columns
from service.exchange.options import ReadingOptions
from service.exchange.other_columns import other_cells, with_other_columns
from service.exchange.overwritten import overwritten_warning, stated_predictions
from service.exchange.own_predictions import own_predictions
from service.exchange.qualifiers import with_qualifiers
from service.exchange.reading import Reading, decide_number_format
from service.exchange.registry import read_table
from service.exchange.remarks import reject_unread_limits
from service.exchange.repeated_headers import with_repeated_headers
from service.exchange.report import Report
from service.exchange.roles import check_unread_units, without_units_row
from service.exchange.rows import validate_rows
from service.exchange.shares import with_shares_judged
from service.exchange.tables import QuestionError, TableError, check_names
from service.exchange.values import is_missing, shortened
from service.exchange.verdicts import reject_disowned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from service.exchange.campaign_view import CampaignView
    from service.exchange.columns import Mapped
    from service.exchange.entries import Entry
    from service.exchange.other_columns import OtherCells
    from service.exchange.overwritten import StatedPrediction
    from service.exchange.tables import Table

_SERIALS = "numbers under measured_at were read as the days that spreadsheets count from 1899-12-30"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file whose columns are understood and whose cells are not looked at yet."""

    entries: tuple[Entry, ...]
    warnings: tuple[str, ...]
    reading: Reading
    is_batch: bool = False
    other_cells: OtherCells = field(default_factory=dict)
    predictions: tuple[StatedPrediction, ...] = ()
    sent_names: Mapping[str, str] = field(default_factory=dict)
    """Header as it was read -> header as it was sent, where the sender named a column otherwise."""

    def own_ids(self) -> frozenset[str]:
        """Return the ids of laboratories by which rows without an object name one."""
        nameless = (entry.fields.get(COMPOUND_ID, "") for entry in self.entries if not entry.objects)
        return frozenset(text for text in nameless if not is_missing(text))

    def mentioned(self, field: str) -> frozenset[str]:
        """Return what stands under `candidate_id` (in small letters) or `external_id`."""
        texts = (entry.fields.get(field, "") for entry in self.entries)
        return frozenset(text.lower() if field == "candidate_id" else text for text in texts if text)


def open_upload(
    content: bytes, media_type: str, spec: CampaignSpec, domain: Domain, options: ReadingOptions | None = None
) -> Upload:
    """Read a file as far as it can be read without the campaign's candidates.

    Args:
        content: the file.
        media_type: one of `tables.media_types()`, with or without a charset.
        spec: the campaign that the results are for.
        domain: its domain.
        options: what the sender says of it; nothing, when it is not given.

    Raises:
        UnknownFormatError: if the media type is none of ours.
        SheetError: if there is no such sheet.
        QuestionError: if it can be read in two ways and the sender did not say which.
        TableError: if the table as a whole cannot be read.
    """
    options = options or ReadingOptions()
    sent = read_table(content, media_type, domain.object_columns, options=options)
    table, names = with_columns_named(sent, options)
    table, changes = under_domain_names(table, domain)
    table = warn_of_absent_columns(table, domain)
    mapped = _mapped(table, spec, domain)
    table, mapped, units_row = without_units_row(table, mapped, spec)
    mapped = with_qualifiers(table, mapped, spec)
    check_names(table, mapped.read(), own_predictions(spec) - mapped.read())
    table = with_repeated_headers(table, mapped)
    table = reject_unread_limits(table, mapped, spec)
    table = reject_disowned(table, mapped)
    check_is_no_curve(table, mapped)
    check_unread_units(table, mapped, spec)
    table, open_words, limits = with_meanings(table, mapped, spec, options)
    numbers = (*mapped.numbers(), *(mapped.objects.values() if domain.needs_all_columns else ()))
    others = other_cells(table, mapped.read() | own_predictions(spec), names)
    dates = mapped.headers_of("measured_at")
    reading = Reading(
        decide_number_format(table, numbers, options.decimal),
        {
            names.get(header, header): role
            for header, role in (mapped.roles() | dict.fromkeys(limits, "limit")).items()
        },
        sent.delimiter,
        units_row,
        sent.header_row,
        sent.encoding,
        sent.sheet,
        decide_date_format(table, dates, options.date_order),
        options.stated(),
        open_words.questions(),
    )
    table = in_domain_units(table, changes, reading.number_format)
    mapped = with_warnings(table, mapped, spec, domain, limits)
    warnings = [*mapped.warnings]
    warnings += [] if units_row is None else [f"row {units_row} was read as units"]
    warnings += [_SERIALS] if has_serials(table, dates) else []
    stated = stated_predictions(table, mapped.fields["candidate_id"], spec) if mapped.is_batch else ()
    found = tuple(entries(table, mapped, spec))
    return Upload(found, tuple(warnings), reading, mapped.is_batch, others, stated, names)


def _mapped(table: Table, spec: CampaignSpec, domain: Domain) -> Mapped:
    try:
        return map_columns(table, spec, domain)
    except QuestionError:
        raise
    except TableError as error:
        # Whoever looks for the columns should hear of the sheets that were not read.
        messages = "; ".join((error.detail, *table.warnings))
        raise TableError(messages, row=error.row, column=error.column) from error


def check_upload(upload: Upload, view: CampaignView) -> Report:
    """Return what becomes of every row; nothing is stored.

    Raises:
        TableError: if objects are named by the ids of a laboratory alone, and none of them is known.
    """
    _check_knows_an_id(upload, view)
    reading = upload.reading
    rows, warnings = validate_rows(upload.entries, view, numbers=reading.number_format, dates=reading.dates)
    rows = list(without_contradictions(rows))
    if not upload.is_batch:
        rows = list(with_shares_judged(rows, upload.entries, view.spec))
    if upload.sent_names:
        names = upload.sent_names
        rows = [replace(row, column=names.get(row.column or "", row.column)) for row in rows]
    # An empty cell of a downloaded batch has the batch's units.
    of_values = tuple(warnings)
    if upload.is_batch:
        of_values = overwritten_warning(upload.predictions, view.predicted, reading.number_format)
    empty = () if rows else ("the table has no rows below its header",)
    kept = tuple(with_other_columns(rows, upload.other_cells))
    return Report(kept, (*upload.warnings, *of_values, *empty), reading)


def _check_knows_an_id(upload: Upload, view: CampaignView) -> None:
    own_ids = upload.own_ids()
    is_named = any(entry.objects or entry.fields.get("candidate_id") for entry in upload.entries)
    if own_ids and not is_named and not own_ids & view.own_ids.keys():
        shown = ", ".join(shortened(text) for text in sorted(own_ids)[:3])
        columns = " or ".join(view.domain.object_columns[:4])
        detail = f"no object of this campaign is known by an id such as {shown}"
        raise TableError(f"{detail}: add a column {columns}, or send the structures once beside their ids")


def read_results(
    content: bytes, media_type: str, view: CampaignView, options: ReadingOptions | None = None
) -> Report:
    """Return what becomes of every row of a file, in one step.

    Raises:
        UnknownFormatError: if the media type is none of ours.
        SheetError: if there is no such sheet.
        QuestionError: if it can be read in two ways and the sender did not say which.
        TableError: if the table as a whole cannot be read.
    """
    return check_upload(open_upload(content, media_type, view.spec, view.domain, options), view)
