"""API keys. The secret is in one answer only: the one that creates the key."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints
from pydantic.config import JsonDict

from service.keys import Scope
from service.schemas.base import Answer, Request


def must_be_text(value: object) -> object:
    """Check that a time is written as one: a bare number is none.

    Raises:
        ValueError: if it is no text.
    """
    if not isinstance(value, str | datetime):
        message = "give a date and time with its zone, such as 2030-01-31T12:00:00Z"
        raise ValueError(message)  # noqa: TRY004 - pydantic reports ValueError only
    return value


def _must_be_ahead(value: datetime) -> datetime:
    if value <= datetime.now(UTC):
        message = "this time has passed"
        raise ValueError(message)
    return value


def _allow_repeats(schema: JsonDict) -> None:
    """Say what is true: a scope that is named twice counts once."""
    schema.pop("uniqueItems", None)


Expiry = Annotated[AwareDatetime, BeforeValidator(must_be_text), AfterValidator(_must_be_ahead)]


class ApiKeyRequest(Request):
    """A key to be made."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)] = Field(
        description="who or what will use it", examples=["plate reader"]
    )
    scopes: Annotated[set[Scope], Field(min_length=1)] = Field(
        default={"read", "write"},
        description="read: look; write: change campaigns, results and candidates; admin: make and revoke "
        "keys; results: post results to one campaign and read the reports of its own uploads",
        json_schema_extra=_allow_repeats,
    )
    campaign_id: UUID | None = Field(
        default=None,
        description="the only campaign that it may use; all when absent, which the scope results does not "
        "admit",
    )
    expires_at: Expiry | None = Field(default=None, description="when it stops working; never when absent")


class ApiKey(Answer):
    """A key without its secret."""

    id: str = Field(description="the part of the key that is no secret")
    name: str = Field(description="who or what uses it")
    scopes: list[Scope] = Field(description="what it may do")
    campaign_id: UUID | None = Field(description="the only campaign that it may use; null for all")
    created_at: datetime = Field(description="when it was made")
    expires_at: datetime | None = Field(description="when it stops working; null for never")
    revoked_at: datetime | None = Field(description="when it was revoked; null while it works")
    last_used_at: datetime | None = Field(description="when it was last used, roughly; null before")


class NewApiKey(ApiKey):
    """A key that was just made."""

    secret: str | None = Field(
        description="the whole key, `af_<id>_<secret>`; shown once: null when the answer is a replay"
    )
