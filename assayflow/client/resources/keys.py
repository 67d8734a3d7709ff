"""API keys of the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, final

from assayflow.client.calls import Call, Operation, deleted, get, post
from assayflow.client.operations import PageOf, Resource, Transport_co, listed, operation, pages_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from assayflow.client.shapes.campaigns import ApiKey, NewApiKey

Scope = Literal["read", "write", "admin"]


@final
class ApiKeys(Resource[Transport_co]):
    """Keys of the workspace; these calls need the scope `admin`."""

    @operation
    def create(
        self, name: str, scopes: Sequence[Scope] = ("read", "write"), expires_at: datetime | None = None
    ) -> Call[NewApiKey]:
        """Create a key; its secret is in this answer only."""
        expires = expires_at.isoformat() if expires_at else None
        return post("/api-keys", {"name": name, "scopes": [*scopes], "expires_at": expires})

    @pages_of
    def list(self) -> PageOf[ApiKey]:
        """Return the keys without their secrets, revoked ones included."""
        return listed("/api-keys")

    @operation
    def get(self, key: str) -> Call[ApiKey]:
        """Return a key without its secret."""
        return get(f"/api-keys/{key}")

    @operation
    def revoke(self, key: str) -> Operation[None]:
        """Revoke a key: it stops working at once and stays in the list."""
        return deleted(f"/api-keys/{key}")
