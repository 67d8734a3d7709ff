"""Compute one round: claim, load, propose, store. Safe under redelivery and under kills at any moment."""

from dataclasses import replace
from uuid import UUID

from models.messages.message import as_summary, message
from models.records import Proposal
from service.campaigns import rounds
from service.campaigns.leases import Lease
from service.campaigns.round_transitions import ROUNDS
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
        context, lease, lambda report: _propose_and_store(context, lease, report, checkpoint), checkpoint.delete
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
    )
    with context.sessions.begin() as session:
        rounds.finish(session, lease, claimed.spec, _with_checkpoint_failure(proposal, checkpoint.trouble))
    checkpoint.delete()


def _with_checkpoint_failure(proposal: Proposal, trouble: str | None) -> Proposal:
    """Return the proposal with a statement about a failed checkpoint, if saving one failed."""
    if trouble is None:
        return proposal
    added = as_summary([message("checkpoint_not_saved", error=trouble)])
    lists = {name: [*proposal.summary.get(name, ()), *lines] for name, lines in added.items()}
    return replace(proposal, summary={**proposal.summary, **lists})
