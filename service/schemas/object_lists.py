"""Collections: uploaded lists of objects, and what became of their rows."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from service.schemas.base import Answer
from service.schemas.problems import Failure
from service.store.states import JobState


class Collection(Answer):
    """An uploaded list of objects; specifications name it by its `sha256`."""

    id: UUID = Field(description="names the collection in its address")
    name: str = Field(description="what its sender calls it")
    state: JobState = Field(description="succeeded once it may be used; a long list is read before")
    progress: float = Field(ge=0, le=1, description="share of the list that is read")
    message: str = Field(description="what is happening, for a person")
    failure: Failure | None = Field(description="why, when the state is failed")
    sha256: str | None = Field(description="of the content, as specifications name it; null until it is read")
    rows: int | None = Field(description="rows that are kept; null until it is read")
    columns: list[str] | None = Field(description="names of the rows' cells; null until it is read")
    filename: str | None = Field(description="as it was sent; null where the request named none")
    media_type: str = Field(description="of the file")
    created_by: str | None = Field(description="the id of the API key that sent it; null when that is gone")
    created_at: datetime = Field(description="when it was sent or, for a long list, read")


class CollectionRemark(BaseModel):
    """A row that was not kept, or not as it was sent."""

    row: int = Field(description="its row in the file")
    status: Literal["accepted", "rejected", "skipped"] = Field(description="what became of it")
    reason: str | None = Field(description="why it was not accepted, and how to mend it")
    column: str | None = Field(description="where the reason lies")
    warnings: list[str] = Field(description="what was changed, and what was read with care")
    object: str | None = Field(description="canonical text, where it could be read")
    sent: str = Field(description="the cell that described the object")


class CollectionReport(BaseModel):
    """What became of the rows of a list."""

    accepted: int = Field(description="rows that are kept")
    rejected: int = Field(description="rows that cannot be read")
    skipped: int = Field(description="rows that describe no object")
    repeated: int = Field(description="kept rows whose object stood before, perhaps as another product")
    remarked: int = Field(description="rows with a remark, of which `rows` has the first thousand")
    warnings: list[str] = Field(description="about the file as a whole")
    rows: list[CollectionRemark] = Field(description="rows with a remark, in order")


class CollectionUser(BaseModel):
    """A campaign that names a collection."""

    id: UUID = Field(description="of the campaign")
    name: str = Field(description="of the campaign")


class CollectionAnswer(Collection):
    """A collection with the report of its rows and the campaigns that use it."""

    report: CollectionReport | None = Field(description="null until the list is read")
    campaigns: list[CollectionUser] = Field(
        description="those that name it in their specification, or did so in a round: it cannot be deleted"
    )


class CollectionRow(Answer):
    """One row of a collection."""

    row: int = Field(description="its number in the collection, from 1")
    cells: dict[str, str] = Field(
        description="by column: the object in normal form, the cell as it was sent where that differs, and "
        "the others verbatim"
    )
