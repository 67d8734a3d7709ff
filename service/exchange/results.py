"""An uploaded file, read to the end: table, columns, rows, report.

In two steps, so that the caller looks up only the candidates that the file mentions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from service.exchange.columns import map_columns, own_predictions, with_warnings
from service.exchange.entries import entries
from service.exchange.object_units import in_domain_units, under_domain_names, with_absent_told
from service.exchange.other_columns import other_cells, with_other_columns
from service.exchange.qualifiers import with_notes_heard, with_qualifiers
from service.exchange.reading import Reading, decide_decimal
from service.exchange.report import Report
from service.exchange.roles import check_unread_units, without_units_row
from service.exchange.rows import validate_rows
from service.exchange.tables import TableError, check_names, read_table

if TYPE_CHECKING:
    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from service.exchange.campaign_view import CampaignView
    from service.exchange.columns import Mapped
    from service.exchange.entries import Entry
    from service.exchange.other_columns import OtherCells
    from service.exchange.tables import Table
    from service.exchange.values import Decimal


@dataclass(frozen=True, slots=True)
class Upload:
    """A file whose columns are understood and whose cells are not looked at yet."""

    entries: tuple[Entry, ...]
    warnings: tuple[str, ...]
    reading: Reading
    is_batch: bool = False
    other_cells: OtherCells = field(default_factory=dict)

    def mentioned(self, field: str) -> frozenset[str]:
        """Return what stands under `candidate_id` (in small letters) or `external_id`."""
        texts = (entry.fields.get(field, "") for entry in self.entries)
        return frozenset(text.lower() if field == "candidate_id" else text for text in texts if text)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the sender says of a file: the sheet of a workbook to read, and the decimal sign where both are possible."""

    sheet: str | None = None
    decimal: Decimal | None = None


def open_upload(
    content: bytes, media_type: str, spec: CampaignSpec, domain: Domain, asked: Asked | None = None
) -> Upload:
    """Read a file as far as it can be read without the campaign's candidates.

    Args:
        content: the file.
        media_type: one of `tables.media_types()`, with or without a charset.
        spec: the campaign that the results are for.
        domain: its domain.
        asked: what the sender says of it; nothing, when it is not given.

    Raises:
        UnknownFormatError: if the media type is none of ours.
        SheetError: if there is no such sheet.
        QuestionError: if it can be read in two ways and the sender did not say which.
        TableError: if the table as a whole cannot be read.
    """
    asked = asked or Asked()
    table = read_table(content, media_type, domain.object_columns, asked.sheet)
    table, changes = under_domain_names(table, domain)
    table = with_absent_told(table, domain)
    mapped = _mapped(table, spec, domain)
    table, mapped, units_row = without_units_row(table, mapped, spec)
    mapped = with_qualifiers(table, mapped, spec)
    check_names(table, mapped.read(), own_predictions(spec) - mapped.read())
    table = with_notes_heard(table, mapped)
    check_unread_units(table, mapped, spec)
    numbers = (*mapped.numbers(), *(mapped.objects.values() if domain.needs_all_columns else ()))
    reading = Reading(decide_decimal(table, numbers, asked.decimal), mapped.roles(), table.delimiter, units_row)
    others = other_cells(table, mapped.read() | own_predictions(spec))
    table = in_domain_units(table, changes, reading.decimal)
    mapped = with_warnings(table, mapped, spec, domain)
    warnings = mapped.warnings if units_row is None else (*mapped.warnings, f"row {units_row} was read as units")
    return Upload(tuple(entries(table, mapped, spec)), warnings, reading, mapped.is_batch, others)


def _mapped(table: Table, spec: CampaignSpec, domain: Domain) -> Mapped:
    try:
        return map_columns(table, spec, domain)
    except TableError as error:
        # Whoever looks for the columns should hear of the sheets that were not read.
        told = "; ".join((error.detail, *table.warnings))
        raise TableError(told, row=error.row, column=error.column) from error


def check_upload(upload: Upload, view: CampaignView) -> Report:
    """Return what becomes of every row; nothing is stored."""
    rows, warnings = validate_rows(upload.entries, view, decimal=upload.reading.decimal)
    # An empty cell of a downloaded batch has the batch's units.
    told = () if upload.is_batch else tuple(warnings)
    empty = () if rows else ("the table has no rows below its header",)
    return Report(
        tuple(with_other_columns(rows, upload.other_cells)), (*upload.warnings, *told, *empty), upload.reading
    )


def read_results(content: bytes, media_type: str, view: CampaignView, asked: Asked | None = None) -> Report:
    """Return what becomes of every row of a file, in one step.

    Raises:
        UnknownFormatError: if the media type is none of ours.
        SheetError: if there is no such sheet.
        QuestionError: if it can be read in two ways and the sender did not say which.
        TableError: if the table as a whole cannot be read.
    """
    return check_upload(open_upload(content, media_type, view.spec, view.domain, asked), view)
