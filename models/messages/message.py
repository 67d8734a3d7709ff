"""A message that a computation has for a reader: a code for programs, parameters, and one English rendering.

Knows the catalogue; not where messages arise.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from pydantic import BaseModel, Field

from models.messages.catalogue import TEMPLATES
from models.messages.wording import WORDING

Param = (
    bool
    | int
    | float
    | str
    | None
    | Sequence[str]
    | Sequence[float]
    | Mapping[str, float | None]
    | Mapping[str, str]
)
"""Numbers keep their full precision here; the template rounds them."""


@final
@dataclass(frozen=True, slots=True)
class Message:
    """One message; `code` names a template of the catalogue, whose fields are the names of `params`."""

    code: str
    params: Mapping[str, Param]

    @property
    def text(self) -> str:
        """The message in English.

        Raises:
            KeyError: if the catalogue has no such code, or its template needs another parameter.
        """
        return WORDING.vformat(TEMPLATES[self.code], (), self.params)

    def record(self) -> dict[str, Any]:
        """Return code, parameters and text, as they are stored and answered."""
        return {"code": self.code, "params": dict(self.params), "text": self.text}


def message(code: str, **params: Param) -> Message:
    """Return the message with this code."""
    return Message(code, params)


def texts(messages: Iterable[Message]) -> list[str]:
    """Return the messages in English."""
    return [item.text for item in messages]


def records(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Return the messages as plain JSON."""
    return [item.record() for item in messages]


def as_summary(messages: Iterable[Message]) -> dict[str, Any]:
    """Return `statements` (the sentences alone) and `messages` of a summary, as plain JSON."""
    found = list(messages)
    return {"statements": texts(found), "messages": records(found)}


class MessageRecord(BaseModel):
    """One message: its code, its parameters and the English sentence that they give."""

    code: str = Field(
        description="stable name of the message; the reference lists all codes", examples=["cold_start"]
    )
    params: dict[
        str, bool | int | float | str | list[int | float | str] | dict[str, int | float | str | None] | None
    ] = Field(
        description="what the sentence is about: names, counts and numbers at full precision",
        examples=[{"type": "solubility"}],
    )
    text: str = Field(description="the message in English")
