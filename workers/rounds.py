"""Compute one round: claim, load, propose, store. Safe under redelivery and under kills at any moment."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from models.messages.message import Message, as_summary, message
from models.records import Proposal
from service.campaigns import rounds
from service.campaigns.leases import Lease
from service.campaigns.round_transitions import ROUNDS
from service.campaigns.starts import RoundStart
from service.store.tables import Round
from workers.checkpoints import FileCheckpoint
from workers.context import WorkerContext, installed_versions
from workers.lease_runner import lease_for, run_under_lease
from workers.progress import Progress
from workers.scoring import open_scored_domain


def compute_round(context: WorkerContext, round_id: UUID) -> None:
    """Compute a round if it is queued; ignore outdated messages about other rounds."""
    lease = lease_for(context, ROUNDS, round_id)
    with context.sessions.begin() as session:
        if not rounds.claim(session, lease, installed_versions()):
            return
    checkpoint = FileCheckpoint(context.settings.artefacts, round_id)
    run_under_lease(
        context,
        lease,
        lambda report: _propose_and_store(context, lease, report, checkpoint),
        checkpoint.delete,
    )


def _propose_and_store(
    context: WorkerContext, lease: Lease[Round], report: Progress, checkpoint: FileCheckpoint
) -> None:
    with context.sessions.begin() as session:
        claimed = rounds.load(session, lease)
    device = context.configure_torch()
    from models.propose import propose

    proposal = propose(
        claimed.spec,
        claimed.history,
        seed=claimed.seed,
        report=report,
        checkpoint=checkpoint,
        device=device,
        hazards=context.hazards(),
        domain=open_scored_domain(context.settings, claimed.spec, report.raise_if_cancelled),
        start=None if claimed.start is None else claimed.start.artefact,
    )
    told = _with_messages(_with_source(proposal, claimed.start), _messages(claimed.start, checkpoint.trouble))
    with context.sessions.begin() as session:
        rounds.finish(session, lease, claimed.spec, told)
    checkpoint.delete()


def _messages(start: RoundStart | None, trouble: str | None) -> list[Message]:
    """Return what a reader should know of a policy that was not there, or of a checkpoint that failed."""
    found = []
    if start is not None and start.artefact is None:
        if start.failure is None:
            found.append(message("start_missing", source=start.source))
        else:
            found.append(message("start_damaged", reason=start.failure))
    if trouble is not None:
        found.append(message("checkpoint_not_saved", error=trouble))
    return found


def _with_source(proposal: Proposal, start: RoundStart | None) -> Proposal:
    """Return the proposal, whose summary names the round that training began from."""
    begun = proposal.summary.get("start")
    if begun is None or start is None:
        return proposal
    source = {"campaign_id": str(start.campaign_id), "round": start.round}
    return replace(proposal, summary={**proposal.summary, "start": {**begun, **source}})


def _with_messages(proposal: Proposal, messages: Sequence[Message]) -> Proposal:
    """Return the proposal with further messages."""
    added = as_summary(messages)
    lists = {name: [*proposal.summary.get(name, ()), *lines] for name, lines in added.items()}
    return replace(proposal, summary={**proposal.summary, **lists})
