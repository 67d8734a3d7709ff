"""Rounds, their batches, and what a person decides about candidates."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, final

from assayflow.client.calls import Call, Operation, Steps, get, get_file, patched, post
from assayflow.client.following import Watch, followed, ignore, unchecked, waited
from assayflow.client.frames import Rows
from assayflow.client.operations import (
    PageOf,
    Resource,
    Transport_co,
    events_of,
    listed,
    operation,
    pages_of,
)

if TYPE_CHECKING:
    from collections.abc import Generator

    import httpx

    from assayflow.client.following import Check, Progress
    from assayflow.client.shapes.rounds import (
        Batch,
        Candidate,
        Decided,
        DecisionRecord,
        ReleasedBatch,
        Round,
    )

Decision = Literal["proposed", "approved", "rejected", "withdrawn"]
_EXTENSION = re.compile(r'filename="[^"]*(\.\w+)"')


@final
class Rounds(Resource[Transport_co]):
    """From a campaign's data to a batch."""

    @operation
    def start(self, campaign: str) -> Call[Round]:
        """Start the next round.

        Raises:
            ConflictError: if another round is being computed.
        """
        return post(f"/campaigns/{campaign}/rounds")

    @pages_of
    def list(self, campaign: str) -> PageOf[Round]:
        """Return the rounds of a campaign."""
        return listed(f"/campaigns/{campaign}/rounds")

    @operation
    def get(self, campaign: str, number: int) -> Call[Round]:
        """Return a round with its summary."""
        return get(_round(campaign, number))

    @events_of
    def follow(
        self, campaign: str, number: int, check: Check | None = None
    ) -> Generator[Steps, Any, dict[str, Any]]:
        """Iterate over the events of a round until its batch is there, or it failed.

        Args:
            campaign: its id.
            number: of the round, from 1.
            check: called between events, and while there are none; may raise.
        """
        return followed(_round(campaign, number), Watch.checking(check))

    @operation
    def wait(
        self,
        campaign: str,
        number: int,
        *,
        progress: Progress = ignore,
        check: Check = unchecked,
        timeout: float | None = None,
    ) -> Operation[Round]:
        """Wait for the batch of a round, and return the round.

        Args:
            campaign: its id.
            number: of the round, from 1.
            progress: called with each event.
            check: called between events, and while there are none; may raise.
            timeout: seconds to wait at most; the round goes on.

        Raises:
            ComputationError: if the round failed or was cancelled.
            WaitTimeoutError: if the time is over.
        """
        watch = Watch(progress, check, timeout)
        return waited(f"round {number}", _round(campaign, number), watch)

    @operation
    def cancel(self, campaign: str, number: int) -> Call[Round]:
        """Stop computing a round."""
        return post(f"{_round(campaign, number)}/cancel")

    @operation
    def retry(self, campaign: str, number: int) -> Call[Round]:
        """Compute a failed or cancelled round again, from the same data and seed."""
        return post(f"{_round(campaign, number)}/retry")

    @operation
    def release(self, campaign: str, number: int) -> Call[Round]:
        """Release a batch to the laboratory, which freezes it; `batch_sha256` is its hash."""
        return post(f"{_round(campaign, number)}/release")

    @operation
    def released(self, campaign: str, number: int) -> Call[ReleasedBatch]:
        """Return a released batch as it was frozen."""
        return get(f"{_round(campaign, number)}/release")


@final
class Batches(Resource[Transport_co]):
    """The candidates of a round."""

    @operation
    def get(self, campaign: str, number: int) -> Call[Batch]:
        """Return a batch with its reserves."""
        return get(_batch(campaign, number))

    @operation
    def candidates(self, campaign: str, number: int) -> Generator[Steps, Any, Rows[Candidate]]:
        """Return the candidates of a round by rank."""
        batch = yield from get(_batch(campaign, number))
        return Rows(batch["candidates"])

    @operation
    def file(self, campaign: str, number: int, file_format: str = "csv") -> Call[bytes]:
        """Return a batch as a file: `csv`, `xlsx`, `sdf` and whatever else the domain writes."""
        return get_file(_batch(campaign, number), {"format": file_format})

    @operation
    def download(
        self, campaign: str, number: int, file_format: str, path: str | Path
    ) -> Generator[Steps, Any, Path]:
        """Download a batch as a file, and return where it is: a format may have another extension."""
        content, extension = yield from Call(
            "GET", _batch(campaign, number), _named_file, {"format": file_format}
        )
        target = Path(path)
        if extension is not None and target.suffix != extension:
            target = target.with_name(f"{target.name}{extension}")
        target.write_bytes(content)
        return target


@final
class Candidates(Resource[Transport_co]):
    """One proposed object: what a person decides about it."""

    @operation
    def get(self, candidate: str) -> Call[Candidate]:
        """Return a candidate."""
        return get(f"/candidates/{candidate}")

    @operation
    def decide(
        self,
        candidate: str,
        status: Decision,
        reason: str | None = None,
        *,
        analogues: bool = False,
        similarity: float | None = None,
    ) -> Operation[Decided]:
        """Approve, reject or withdraw a candidate, or undo that (`proposed`), and return it.

        Args:
            candidate: its id.
            status: the decision.
            reason: why, for the record.
            analogues: reject similar candidates of the batch as well.
            similarity: from which on a candidate counts as similar.

        Raises:
            PreconditionError: if somebody decided at the same time.
        """
        decision = {"status": status, "reason": reason, "analogues": analogues, "similarity": similarity}
        return patched(f"/candidates/{candidate}", decision)

    @operation
    def replace(self, candidate: str) -> Call[Candidate]:
        """Replace a rejected or withdrawn candidate by the next best one, and return that one."""
        return post(f"/candidates/{candidate}/replace")

    @pages_of
    def decisions(self, candidate: str) -> PageOf[DecisionRecord]:
        """Return what was decided about a candidate, when and with which key."""
        return lambda _cursor: get(f"/candidates/{candidate}/decisions")


def _round(campaign: str, number: int) -> str:
    return f"/campaigns/{campaign}/rounds/{number}"


def _batch(campaign: str, number: int) -> str:
    return f"{_round(campaign, number)}/batch"


def _named_file(answer: httpx.Response) -> tuple[bytes, str | None]:
    extension = _EXTENSION.search(answer.headers.get("Content-Disposition", ""))
    return answer.content, extension[1] if extension else None
