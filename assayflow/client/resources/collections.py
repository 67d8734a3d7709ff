# ruff: noqa: A005 - named as the resource, and never imported by this name alone
"""Collections: lists of objects that are uploaded once and named by specifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict, final

from assayflow.client.calls import Call, Operation, Steps, deleted, get, get_file, post
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
    from collections.abc import Generator
    from typing import Unpack

    from assayflow.client.following import Check, Progress
    from assayflow.client.shapes.collections import Collection, CollectionAnswer, CollectionRow


class ListOptions(TypedDict, total=False):
    """How a list is taken, and how long it may take.

    `mode` is `atomic` (all rows or none, the default) or `partial`. `sheet` is of a workbook; `media_type`
    and `filename` are of the file. `progress`, `check` and `timeout` are of a long list, which is read as a
    job.
    """

    mode: Literal["atomic", "partial"]
    sheet: str | None
    media_type: str | None
    filename: str | None
    progress: Progress
    check: Check
    timeout: float | None


@final
class Collections(Resource[Transport_co]):
    """Uploaded lists: libraries to choose from, stocks of building blocks, known and excluded objects."""

    @operation
    def upload(
        self, name: str, table: Table, **options: Unpack[ListOptions]
    ) -> Generator[Steps, Any, CollectionAnswer]:
        """Upload a list, and return the collection with the report of its rows.

        A long list is read as a job, which is followed to its end.

        Args:
            name: what the list is called.
            table: a file by its path, the bytes of one, rows by column, or a DataFrame.
            options: how it is taken.

        Raises:
            ValidationFailedError: if the list is refused; `rows` says why, row by row.
            ComputationError: if the job of a long list did not succeed.
        """
        given: dict[str, Any] = dict(options)
        watch, sent = Watch.taken_from(given), encoded_as(table, given)
        answer: Any = yield from post(
            "/collections",
            query={**given, "name": name, "filename": sent.filename},
            headers={"Content-Type": sent.media_type},
            content=sent.content,
        )
        if answer["state"] != "succeeded":
            yield from waited("list", f"/collections/{answer['id']}", watch)
            answer = yield from get(f"/collections/{answer['id']}")
        collection: CollectionAnswer = answer
        return collection

    @pages_of
    def list(self) -> PageOf[Collection]:
        """Return the collections that may be used, newest first."""
        return listed("/collections")

    @operation
    def get(self, collection: str) -> Call[CollectionAnswer]:
        """Return a collection with the report of its rows, or how far its reading is."""
        return get(f"/collections/{collection}")

    @events_of
    def follow(self, collection: str, check: Check | None = None) -> Generator[Steps, Any, dict[str, Any]]:
        """Iterate over the events of the reading of a long list until it is finished."""
        return followed(f"/collections/{collection}", Watch.checking(check))

    @pages_of
    def rows(self, collection: str) -> PageOf[CollectionRow]:
        """Return the rows of a collection."""
        return listed(f"/collections/{collection}/rows")

    @operation
    def download(self, collection: str) -> Call[bytes]:
        """Return all rows of a collection as CSV."""
        return get_file(f"/collections/{collection}/rows", {"format": "csv"})

    @operation
    def cancel(self, collection: str) -> Call[Collection]:
        """Stop the reading of a long list; nothing of it is stored."""
        return post(f"/collections/{collection}/cancel")

    @operation
    def delete(self, collection: str) -> Operation[None]:
        """Delete a collection that no campaign names."""
        return deleted(f"/collections/{collection}")
