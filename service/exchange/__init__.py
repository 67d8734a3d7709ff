"""Results in, batches out: tables as people have them, turned into rows a campaign can store, and back.

Knows no HTTP and no SQL. One file per table format (`formats/`), one column mapping (`columns`), one row
report (`report`).
"""

from service.exchange.batch import BatchFile, BatchRow, batch_formats, flat_rows, missing_formats, write_batch
from service.exchange.batch_workbook import BatchRequest
from service.exchange.campaign_view import CampaignView
from service.exchange.object_tables import open_objects, read_objects
from service.exchange.option_checks import check_options
from service.exchange.options import NOTHING_SAID, ReadingOptions
from service.exchange.predictions import prediction_formats, write_predictions
from service.exchange.registry import (
    media_type_named,
    media_types,
    media_types_by_extension,
    most_rows,
    read_table,
)
from service.exchange.report import ParsedRow, Report
from service.exchange.results import Upload, check_upload, open_upload, read_results
from service.exchange.rows import validate_rows
from service.exchange.tables import QuestionError, SheetError, TableError, UnknownFormatError

__all__ = [
    "NOTHING_SAID",
    "BatchFile",
    "BatchRequest",
    "BatchRow",
    "CampaignView",
    "ParsedRow",
    "QuestionError",
    "ReadingOptions",
    "Report",
    "SheetError",
    "TableError",
    "UnknownFormatError",
    "Upload",
    "batch_formats",
    "check_options",
    "check_upload",
    "flat_rows",
    "media_type_named",
    "media_types",
    "media_types_by_extension",
    "missing_formats",
    "most_rows",
    "open_objects",
    "open_upload",
    "prediction_formats",
    "read_objects",
    "read_results",
    "read_table",
    "validate_rows",
    "write_batch",
    "write_predictions",
]
