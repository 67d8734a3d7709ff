"""Connectors to other systems, their links to campaigns, what they send and what they receive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, final

from assayflow.client.calls import Call, Operation, deleted, get, get_file, patched, post
from assayflow.client.following import Watch
from assayflow.client.jobs import BRIEFLY, Waiting, run_job
from assayflow.client.operations import PageOf, Resource, Transport_co, listed, operation, pages_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from assayflow.client.shapes.connectors import (
        Connector,
        ConnectorCheck,
        ConnectorFields,
        ConnectorKind,
        ExchangeEntry,
        ExternalRecord,
        Link,
        OutboxMessage,
        PreviewAnswer,
        Pushed,
        Receipt,
        ReceiptAnswer,
    )

MessageState = Literal["waiting", "done", "refused", "dead", "skipped"]
ReceiptState = Literal["stored", "applied", "needs_attention", "ignored"]


@final
class Connectors(Resource[Transport_co]):
    """A workspace's accounts in other systems."""

    @pages_of
    def kinds(self) -> PageOf[ConnectorKind]:
        """Return the kinds of systems that connectors can be made for, with the settings of each."""
        return lambda _cursor: get("/connector-kinds")

    @operation
    def create(self, request: Mapping[str, Any]) -> Call[Connector]:
        """Make a connector: `name`, `kind`, `base_url`, `settings`, `credentials`; check it next."""
        return post("/connectors", dict(request))

    @pages_of
    def list(self) -> PageOf[Connector]:
        """Return the connectors of the workspace, newest first."""
        return listed("/connectors")

    @operation
    def get(self, connector: str) -> Call[Connector]:
        """Return a connector without its credentials."""
        return get(f"/connectors/{connector}")

    @operation
    def update(self, connector: str, changes: Mapping[str, Any]) -> Operation[Connector]:
        """Change a connector (JSON Merge Patch, RFC 7396); a broken one goes on with what is new."""
        return patched(f"/connectors/{connector}", dict(changes))

    @operation
    def delete(self, connector: str) -> Operation[None]:
        """Delete a connector with its links, waiting messages, receipts and credentials."""
        return deleted(f"/connectors/{connector}")

    @operation
    def pause(self, connector: str) -> Call[Connector]:
        """Let a connector send and read nothing more; what is to be sent waits."""
        return post(f"/connectors/{connector}/pause")

    @operation
    def resume(self, connector: str) -> Call[Connector]:
        """Let a paused or broken connector go on."""
        return post(f"/connectors/{connector}/resume")

    @operation
    def run(self, connector: str) -> Call[Connector]:
        """Send what waits and look for changes now."""
        return post(f"/connectors/{connector}/run")

    @operation
    def fields(self, connector: str) -> Call[ConnectorFields]:
        """Return the fields of the other system that a mapping may name, as the last check found them."""
        return get(f"/connectors/{connector}/fields")

    @operation
    def check(self, connector: str, **waiting: Unpack[Waiting]) -> Operation[ConnectorCheck]:
        """Sign in to the other system, read its fields, and return what was found.

        Raises:
            ComputationError: if the check itself failed; a system that denies access is an answer.
            WaitTimeoutError: if the time is over.
        """
        return run_job("check", post(f"/connectors/{connector}/checks", headers=BRIEFLY), Watch(**waiting))

    @operation
    def get_check(self, connector: str, job: str) -> Call[ConnectorCheck]:
        """Return how far a check is and what was found."""
        return get(f"/connectors/{connector}/checks/{job}")

    @pages_of
    def outbox(self, connector: str, state: MessageState | None = None) -> PageOf[OutboxMessage]:
        """Return what the connector has to send, newest first."""
        return listed(f"/connectors/{connector}/outbox", {"state": state})

    @operation
    def retry(self, connector: str, message: str) -> Call[OutboxMessage]:
        """Send a message again now: one that was refused, given up or skipped, or waits."""
        return post(f"/connectors/{connector}/outbox/{message}/retry")

    @operation
    def skip(self, connector: str, message: str, reason: str) -> Call[OutboxMessage]:
        """Give a message up; those that waited for it go on."""
        return post(f"/connectors/{connector}/outbox/{message}/skip", {"reason": reason})

    @pages_of
    def exchanges(self, connector: str, message: str | None = None) -> PageOf[ExchangeEntry]:
        """Return the requests to the other system in the last 30 days, newest first."""
        return listed(f"/connectors/{connector}/exchanges", {"message": message})

    @pages_of
    def receipts(
        self, connector: str, state: ReceiptState | None = None, campaign: str | None = None
    ) -> PageOf[Receipt]:
        """Return what came in, newest first; those that need attention wait for a person."""
        return listed(f"/connectors/{connector}/receipts", {"state": state, "campaign_id": campaign})

    @operation
    def receipt(self, connector: str, receipt: str) -> Call[ReceiptAnswer]:
        """Return a receipt with its measurements, and what became of every row."""
        return get(f"/connectors/{connector}/receipts/{receipt}")

    @operation
    def receipt_content(self, connector: str, receipt: str) -> Call[bytes]:
        """Return a receipt byte for byte as it came in."""
        return get_file(f"/connectors/{connector}/receipts/{receipt}/content")

    @operation
    def replay(self, connector: str, receipt: str) -> Call[ReceiptAnswer]:
        """Read a receipt again with the link's present mapping."""
        return post(f"/connectors/{connector}/receipts/{receipt}/replay")


@final
class Links(Resource[Transport_co]):
    """Campaigns that use a connector, and how records translate."""

    @operation
    def create(self, connector: str, request: Mapping[str, Any]) -> Call[Link]:
        """Link a campaign: `campaign_id`, `mapping`, `push`, `pull`, `every_seconds`."""
        return post(f"/connectors/{connector}/links", dict(request))

    @pages_of
    def list(self, connector: str, campaign: str | None = None) -> PageOf[Link]:
        """Return the links of a connector, newest first."""
        return listed(f"/connectors/{connector}/links", {"campaign_id": campaign})

    @operation
    def get(self, connector: str, link: str) -> Call[Link]:
        """Return a link with its mapping."""
        return get(_link(connector, link))

    @operation
    def update(self, connector: str, link: str, changes: Mapping[str, Any]) -> Operation[Link]:
        """Change a link (JSON Merge Patch, RFC 7396); preview a mapping first."""
        return patched(_link(connector, link), dict(changes))

    @operation
    def delete(self, connector: str, link: str) -> Operation[None]:
        """Delete a link with its receipts and waiting messages; results stay."""
        return deleted(_link(connector, link))

    @operation
    def push(self, connector: str, link: str, number: int) -> Call[Pushed]:
        """Send a released round to the other system, such as one released before the link was made."""
        return post(f"{_link(connector, link)}/push", {"round": number})

    @operation
    def pull(self, connector: str, link: str) -> Call[Link]:
        """Look for changes of this campaign's results now."""
        return post(f"{_link(connector, link)}/pull")

    @pages_of
    def records(self, connector: str, link: str) -> PageOf[ExternalRecord]:
        """Return what the campaign's candidates and batches are in the other system."""
        return listed(f"{_link(connector, link)}/records")

    @operation
    def preview(
        self,
        connector: str,
        link: str,
        mapping: Mapping[str, Any] | None = None,
        number: int | None = None,
        **waiting: Unpack[Waiting],
    ) -> Operation[PreviewAnswer]:
        """Return the bodies that would be sent, and what a mapping makes of the last measurements there.

        Args:
            connector: its id.
            link: its id.
            mapping: one to try; the link's own when absent.
            number: the round whose batch would be sent; the newest that has one when absent.
            waiting: how the job is waited for.

        Raises:
            ComputationError: if the other system does not answer as it should.
            WaitTimeoutError: if the time is over.
        """
        body = {"mapping": dict(mapping) if mapping is not None else None, "round": number}
        call: Call[Any] = post(f"{_link(connector, link)}/previews", body, headers=BRIEFLY)
        return run_job("preview", call, Watch(**waiting))

    @operation
    def get_preview(self, connector: str, link: str, job: str) -> Call[PreviewAnswer]:
        """Return how far a preview is and what it shows."""
        return get(f"{_link(connector, link)}/previews/{job}")


def _link(connector: str, link: str) -> str:
    return f"/connectors/{connector}/links/{link}"
