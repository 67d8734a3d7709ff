"""Results: uploading, reading, correcting and withdrawing them, and the files they came in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, TypedDict, final

from assayflow.client.calls import Call, Steps, delete, get, get_file, post, put
from assayflow.client.following import Watch, followed, waited
from assayflow.client.frames import Table, encoded_as
from assayflow.client.operations import (
    PageOf,
    Resource,
    Transport_co,
    events_of,
    listed,
    operation,
    pages_of,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from typing import Unpack

    from assayflow.client.following import Check, Progress
    from assayflow.client.shapes.results import (
        KeptReading,
        Result,
        ResultHistory,
        SentFile,
        Upload,
        UploadAnswer,
        UploadReport,
        WithdrawnUpload,
    )

Status = Literal["current", "corrected", "withdrawn"]
_AS_JSON = ("columns", "words", "limits")


class FileOptions(TypedDict, total=False):
    """How a file is read; whatever is absent is decided from the whole file."""

    sheet: str | None
    header_row: int | None
    encoding: str | None
    delimiter: Literal["comma", "semicolon", "tab", "bar"] | None
    decimal: Literal["point", "comma"] | None
    date_order: Literal["year_first", "day_first", "month_first"] | None
    columns: Mapping[str, str] | None
    words: Mapping[str, str] | None
    limits: Mapping[str, str] | None


class UploadOptions(FileOptions, total=False):
    """How an upload is taken, and how long it may take.

    `dry_run` reports and stores nothing. `mode` is `atomic` (all rows or none, the default) or `partial`.
    `reading` names a reading that the campaign keeps. `again` takes of a file that was sent before only the
    rows that are not stored. `on_conflict` says what happens to a row whose `external_id` another result has;
    `reason` says why results are corrected. `media_type` and `filename` are of the table. `progress`, `check`
    and `timeout` are of a long file, which is read as a job.
    """

    dry_run: bool
    mode: Literal["atomic", "partial"]
    reading: str | None
    again: bool
    on_conflict: Literal["reject", "correct"]
    reason: str | None
    media_type: str | None
    filename: str | None
    progress: Progress
    check: Check
    timeout: float | None


@final
class Results(Resource[Transport_co]):
    """What was measured."""

    @operation
    def upload(
        self, campaign: str, table: Table, **options: Unpack[UploadOptions]
    ) -> Generator[Steps, Any, UploadReport]:
        """Upload results, and return what became of every row.

        A long table is read as a job, which is followed to its end.

        Args:
            campaign: its id.
            table: a file by its path, the bytes of one, rows by column, or a DataFrame.
            options: how it is taken.

        Raises:
            ValidationFailedError: if the table is refused; `rows` says why, row by row.
            ComputationError: if the job of a long table did not succeed.
        """
        given: dict[str, Any] = dict(options)
        watch, sent = Watch.taken_from(given), encoded_as(table, given)
        for name in _AS_JSON:
            if given.get(name) is not None:
                given[name] = json.dumps(given[name], ensure_ascii=False)
        answer: Any = yield from post(
            f"/campaigns/{campaign}/results",
            query={**given, "filename": sent.filename},
            headers={"Content-Type": sent.media_type},
            content=sent.content,
        )
        if "state" not in answer:
            report: UploadReport = answer
            return report
        path = f"/campaigns/{campaign}/uploads/{answer['id']}"
        job: UploadAnswer = yield from waited("upload", path, watch)
        assert job["report"] is not None, "a finished upload has a report"
        return job["report"]

    @pages_of
    def list(self, campaign: str, status: Status | None = None) -> PageOf[Result]:
        """Return the stored results, verbatim and standardised; `status` selects some."""
        return listed(f"/campaigns/{campaign}/results", {"status": status})

    @operation
    def get(self, campaign: str, result: str) -> Call[ResultHistory]:
        """Return a result with the history of its amendments."""
        return get(f"/campaigns/{campaign}/results/{result}")

    @operation
    def correct(self, campaign: str, result: str, row: Mapping[str, Any], reason: str) -> Call[ResultHistory]:
        """Put another result in the place of one, by the columns that are otherwise, and return it."""
        body = {"row": dict(row), "reason": reason}
        return post(f"/campaigns/{campaign}/results/{result}/correction", body)

    @operation
    def withdraw(self, campaign: str, result: str, reason: str) -> Call[ResultHistory]:
        """Let a result count no more, and return it."""
        return post(f"/campaigns/{campaign}/results/{result}/withdrawal", {"reason": reason})


@final
class Uploads(Resource[Transport_co]):
    """Uploaded files: the jobs that read long ones, and the files themselves."""

    @pages_of
    def list(self, campaign: str) -> PageOf[Upload]:
        """Return the uploads that were read as jobs, newest first."""
        return listed(f"/campaigns/{campaign}/uploads")

    @operation
    def get(self, campaign: str, upload: str) -> Call[UploadAnswer]:
        """Return an upload that is read as a job, with its report when it is finished."""
        return get(f"/campaigns/{campaign}/uploads/{upload}")

    @events_of
    def follow(
        self, campaign: str, upload: str, check: Check | None = None
    ) -> Generator[Steps, Any, dict[str, Any]]:
        """Iterate over the events of an upload until it is finished."""
        return followed(f"/campaigns/{campaign}/uploads/{upload}", Watch.checking(check))

    @operation
    def cancel(self, campaign: str, upload: str) -> Call[Upload]:
        """Cancel an upload that is read as a job; nothing of it is stored."""
        return post(f"/campaigns/{campaign}/uploads/{upload}/cancel")

    @pages_of
    def files(self, campaign: str) -> PageOf[SentFile]:
        """Return every file that results came in."""
        return listed(f"/campaigns/{campaign}/uploads/files")

    @operation
    def download(self, campaign: str, upload: str) -> Call[bytes]:
        """Return a file of results as it was sent."""
        return get_file(f"/campaigns/{campaign}/uploads/{upload}/file")

    @operation
    def withdraw(self, campaign: str, upload: str, reason: str) -> Call[WithdrawnUpload]:
        """Let all results of an upload count no more, and return how many did until now."""
        return post(f"/campaigns/{campaign}/uploads/{upload}/withdrawal", {"reason": reason})


@final
class Readings(Resource[Transport_co]):
    """Kept answers to how a laboratory's files are read."""

    @pages_of
    def list(self, campaign: str) -> PageOf[KeptReading]:
        """Return the readings that a campaign keeps."""
        return lambda _cursor: get(f"/campaigns/{campaign}/readings")

    @operation
    def get(self, campaign: str, name: str) -> Call[KeptReading]:
        """Return a kept reading; `default` is used when an upload names none."""
        return get(f"/campaigns/{campaign}/readings/{name}")

    @operation
    def save(self, campaign: str, name: str, **options: Unpack[FileOptions]) -> Call[KeptReading]:
        """Keep a reading under a name, in place of what it was."""
        return put(f"/campaigns/{campaign}/readings/{name}", options)

    @operation
    def delete(self, campaign: str, name: str) -> Call[None]:
        """Forget a kept reading."""
        return delete(f"/campaigns/{campaign}/readings/{name}")
