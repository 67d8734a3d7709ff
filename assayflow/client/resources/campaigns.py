"""Campaigns, and the domains they design in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

from assayflow.client.calls import Call, Operation, Steps, get, patched, post
from assayflow.client.operations import PageOf, Resource, Transport_co, listed, operation, pages_of

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from assayflow.client.shapes.campaigns import Campaign, CampaignSummary, Domain


@final
class Campaigns(Resource[Transport_co]):
    """Describe what may be built and what is wanted."""

    @operation
    def create(self, spec: Mapping[str, Any]) -> Call[Campaign]:
        """Create a campaign from its specification.

        Raises:
            ValidationFailedError: if the specification is wrong; `errors` names every field.
        """
        return post("/campaigns", dict(spec))

    @pages_of
    def list(self) -> PageOf[CampaignSummary]:
        """Return every campaign of the workspace."""
        return listed("/campaigns")

    @operation
    def get(self, campaign: str) -> Call[Campaign]:
        """Return a campaign with its specification."""
        return get(f"/campaigns/{campaign}")

    @operation
    def update(self, campaign: str, changes: Mapping[str, Any]) -> Operation[Campaign]:
        """Change members of the specification (JSON Merge Patch, RFC 7396) and return the campaign.

        Raises:
            PreconditionError: if somebody changed the campaign at the same time.
        """
        return patched(f"/campaigns/{campaign}", dict(changes))

    @operation
    def archive(self, campaign: str) -> Call[Campaign]:
        """Close a campaign for good; it stays readable."""
        return post(f"/campaigns/{campaign}/archive")


@final
class Domains(Resource[Transport_co]):
    """The kinds of objects that can be designed."""

    @pages_of
    def list(self) -> PageOf[Domain]:
        """Return the installed domains with their JSON Schema, properties and formats."""
        return lambda _cursor: get("/domains")

    @operation
    def formats(self, kind: str) -> Generator[Steps, Any, tuple[str, ...]]:
        """Return the formats in which a batch of this kind can be downloaded."""
        domains = (yield from get("/domains"))["items"]
        return tuple(item["name"] for each in domains if each["kind"] == kind for item in each["formats"])
