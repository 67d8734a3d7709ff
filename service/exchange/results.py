"""An uploaded file, read to the end: table, columns, rows, report.

In two steps, so that the caller looks up only the candidates that the file mentions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from service.exchange.columns import entries, map_columns
from service.exchange.object_units import in_domain_units, with_absent_told
from service.exchange.report import Report
from service.exchange.rows import validate_rows
from service.exchange.tables import read_table

if TYPE_CHECKING:
    from models.campaign import CampaignSpec
    from models.domains.contract import Domain
    from service.exchange.columns import Entry
    from service.exchange.rows import CampaignView


@dataclass(frozen=True, slots=True)
class Upload:
    """A file whose columns are understood and whose cells are not looked at yet."""

    entries: tuple[Entry, ...]
    warnings: tuple[str, ...]
    decimal_comma: bool

    def mentioned(self, field: str) -> frozenset[str]:
        """Return what stands under `candidate_id` (in small letters) or `external_id`."""
        texts = (entry.fields.get(field, "") for entry in self.entries)
        return frozenset(text.lower() if field == "candidate_id" else text for text in texts if text)


def open_upload(
    content: bytes, media_type: str, spec: CampaignSpec, domain: Domain, sheet: str | None = None
) -> Upload:
    """Read a file as far as it can be read without the campaign's candidates.

    Args:
        content: the file.
        media_type: one of `tables.media_types()`, with or without a charset.
        spec: the campaign that the results are for.
        domain: its domain.
        sheet: the sheet of a workbook to read; the first, when it is not given.

    Raises:
        UnknownFormatError: if the media type is none of ours.
        SheetError: if there is no such sheet.
        TableError: if the table as a whole cannot be read.
    """
    table = with_absent_told(
        in_domain_units(read_table(content, media_type, domain.object_columns, sheet), domain), domain
    )
    mapped = map_columns(table, spec, domain)
    return Upload(tuple(entries(table, mapped)), mapped.warnings, table.decimal_comma)


def check_upload(upload: Upload, view: CampaignView) -> Report:
    """Return what becomes of every row; nothing is stored."""
    rows = validate_rows(upload.entries, view, decimal_comma=upload.decimal_comma)
    return Report(tuple(rows), upload.warnings)


def read_results(content: bytes, media_type: str, view: CampaignView, sheet: str | None = None) -> Report:
    """Return what becomes of every row of a file, in one step.

    Raises:
        UnknownFormatError: if the media type is none of ours.
        SheetError: if there is no such sheet.
        TableError: if the table as a whole cannot be read.
    """
    return check_upload(open_upload(content, media_type, view.spec, view.domain, sheet), view)
