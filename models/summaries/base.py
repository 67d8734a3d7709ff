"""The base of all summaries, and how stored ones are read.

A summary that is produced today has every field of its version and no other; tests validate it with
`extra="forbid"`. A stored one may be older or newer: what it lacks is empty, what is unknown is kept, and a
part of another shape is left out and named in `unread`, so that no stored round becomes unreadable.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.messages.message import MessageRecord

Number = float | None
"""A computed number; null where it does not exist or is infinite."""


class SummaryPart(BaseModel):
    """A part of a summary."""

    model_config = ConfigDict(extra="allow")


class Summary(SummaryPart):
    """What all summaries have: a version and what a reader should know."""

    version: int = Field(
        default=0, description="of this structure; 0 for summaries of releases that did not state it"
    )
    statements: list[str] = Field(
        default_factory=list, description="the messages in English, without their codes"
    )
    messages: list[MessageRecord] = Field(
        default_factory=list, description="what a reader should know; empty in summaries of version 0"
    )
    unread: list[str] = Field(
        default_factory=list,
        description="parts of a stored summary that another release wrote in another structure",
    )


Stored = TypeVar("Stored", bound=Summary)


def read_summary(kind: type[Stored], document: Mapping[str, Any]) -> Stored:
    """Return a stored summary, whichever release wrote it.

    Args:
        kind: the summary's model.
        document: as it was stored.
    """
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        unread = sorted({str(item["loc"][0]) for item in error.errors() if item["loc"]})
    kept = {name: part for name, part in document.items() if name not in unread}
    return kind.model_validate(kept | {"unread": unread})
