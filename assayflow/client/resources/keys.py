"""API keys of the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, final

from assayflow.client.calls import Call, Operation, deleted, get, post
from assayflow.client.operations import PageOf, Resource, Transport_co, listed, operation, pages_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from assayflow.client.shapes.campaigns import ApiKey, NewApiKey

Scope = Literal["read", "write", "admin", "results"]


@final
class ApiKeys(Resource[Transport_co]):
    """Keys of the workspace; all calls but `current` need the scope `admin`."""

    @operation
    def create(
        self,
        name: str,
        scopes: Sequence[Scope] = ("read", "write"),
        expires_at: datetime | None = None,
        campaign: str | None = None,
    ) -> Call[NewApiKey]:
        """Create a key; its secret is in this answer only.

        Args:
            name: who or what will use it.
            scopes: what it may do; `results` posts results to one campaign and nothing else.
            expires_at: a time with a zone; never when absent.
            campaign: the only campaign that it may use; all when absent.
        """
        expires = expires_at.isoformat() if expires_at else None
        body = {"name": name, "scopes": [*scopes], "expires_at": expires, "campaign_id": campaign}
        return post("/api-keys", body)

    @pages_of
    def list(self) -> PageOf[ApiKey]:
        """Return the keys without their secrets, revoked ones included."""
        return listed("/api-keys")

    @operation
    def current(self) -> Call[ApiKey]:
        """Return the key of this client: its name, scopes and end."""
        return get("/api-keys/current")

    @operation
    def get(self, key: str) -> Call[ApiKey]:
        """Return a key without its secret."""
        return get(f"/api-keys/{key}")

    @operation
    def revoke(self, key: str) -> Operation[None]:
        """Revoke a key: it stops working at once and stays in the list."""
        return deleted(f"/api-keys/{key}")
