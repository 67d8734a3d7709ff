"""What the API says of campaigns, domains and keys."""

from __future__ import annotations

from typing import Any, TypedDict


class CampaignSummary(TypedDict):
    """A campaign in a list: which one it is, and how far it has come."""

    id: str
    name: str
    state: str
    domain_kind: str
    created_at: str
    updated_at: str
    rounds: int
    results: int


class Campaign(CampaignSummary):
    """What may be built, what is wanted, and how far it has come."""

    spec: dict[str, Any]


class ComputedProperty(TypedDict):
    """A property that is known without an assay; an objective or a constraint may name it."""

    name: str
    description: str
    units: str | None
    range: list[Any] | None
    is_on_request: bool


class BatchFormat(TypedDict):
    """A file format in which a batch can be downloaded with `?format=name`."""

    name: str
    media_type: str


class Domain(TypedDict):
    """One kind of object that a campaign can be about."""

    kind: str
    summary: str
    json_schema: dict[str, Any]
    computed: list[ComputedProperty]
    formats: list[BatchFormat]
    object_columns: list[str]
    examples: list[dict[str, Any]]


class ApiKey(TypedDict):
    """A key without its secret."""

    id: str
    name: str
    scopes: list[str]
    campaign_id: str | None
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None


class NewApiKey(ApiKey):
    """A key that was just made."""

    secret: str | None
