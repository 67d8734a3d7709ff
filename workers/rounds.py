"""Computes one round: claim, load, call the science, store. Safe to deliver twice, and to be killed at any moment."""

from dataclasses import replace
from uuid import UUID

from models.messages.message import as_summary, message
from models.records import Proposal
from service.campaigns import rounds
from service.campaigns.leases import Lease
from service.campaigns.round_transitions import ROUNDS
from service.store.tables import Round
from workers.checkpoints import FileCheckpoint
from workers.lease_runner import hold, lease_for
from workers.process import Process, installed_versions
from workers.progress import Progress
from workers.scoring import open_campaign_domain


def compute_round(process: Process, round_id: UUID) -> None:
    """Compute a round if it is queued; a message about any other round is old news."""
    lease = lease_for(process, ROUNDS, round_id)
    with process.sessions.begin() as session:
        if not rounds.claim(session, lease, installed_versions()):
            return
    checkpoint = FileCheckpoint(process.settings.artefacts, round_id)
    hold(process, lease, lambda report: _propose_and_store(process, lease, report, checkpoint), checkpoint.delete)


def _propose_and_store(process: Process, lease: Lease[Round], report: Progress, checkpoint: FileCheckpoint) -> None:
    with process.sessions.begin() as session:
        claimed = rounds.load(session, lease)
    device = process.prepare_science()
    from models.propose import propose

    proposal = propose(
        claimed.spec,
        claimed.history,
        seed=claimed.seed,
        report=report,
        checkpoint=checkpoint,
        device=device,
        hazards=process.hazards(),
        domain=open_campaign_domain(process.settings, claimed.spec, report.listen),
    )
    with process.sessions.begin() as session:
        rounds.finish(session, lease, claimed.spec, _with_trouble(proposal, checkpoint.trouble))
    checkpoint.delete()


def _with_trouble(proposal: Proposal, trouble: str | None) -> Proposal:
    """Return a proposal that states why its training could not have been resumed, if that is so."""
    if trouble is None:
        return proposal
    added = as_summary([message("checkpoint_not_saved", error=trouble)])
    lists = {name: [*proposal.summary.get(name, ()), *lines] for name, lines in added.items()}
    return replace(proposal, summary={**proposal.summary, **lists})
