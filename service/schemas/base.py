"""The base of all answers, and pages of them."""

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Item = TypeVar("Item", bound=BaseModel)


class Answer(BaseModel):
    """An answer, read from the attributes of a stored row."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)


class Request(BaseModel):
    """A request body; an unknown field is an error that names it."""

    model_config = ConfigDict(extra="forbid")


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    model_config = ConfigDict(json_schema_extra={"description": "One page of a list."})

    items: list[Item] = Field(description="the entries of this page, in order")
    next_cursor: str | None = Field(description="send it as `cursor` for the next page; null on the last one")
