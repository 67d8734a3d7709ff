"""A table of the user's own objects, read to be judged: the same for a request and for a worker.

It knows no HTTP.
"""

from models.campaign.requests import MOST_PREDICTIONS
from models.campaign.spec import CampaignSpec
from service.campaigns.reading import ProgressCallback, Reader, SentTable, no_progress
from service.campaigns.uploads import Mode, rejected_upload, table_errors_as_problems
from service.errors import UnprocessableError
from service.exchange import Report

MEMBER = "objects"
"""The member of a JSON body that is the table."""


def objects_of(
    reader: Reader,
    spec: CampaignSpec,
    table: SentTable,
    mode: Mode,
    on_progress: ProgressCallback = no_progress,
) -> Report:
    """Return the object of every row of a table, or the reason why there is none.

    Raises:
        UnsupportedMediaTypeError: if the format is none that is read.
        UnprocessableError: if the file is no table or too long, no row describes an object, or one does not
            in atomic mode.
    """
    with table_errors_as_problems():
        report = reader.objects(spec, table, MOST_PREDICTIONS, on_progress)
    if report.count("rejected") and (mode == "atomic" or not report.accepted):
        raise rejected_upload(report, "predicted")
    if not report.accepted:
        raise UnprocessableError(
            "no row describes an object", [{"pointer": "/objects", "detail": "no object"}]
        )
    return report
