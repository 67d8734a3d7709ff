"""Load the trained campaign that a job uses, or take it from the cache of this worker process."""

import json
from typing import TYPE_CHECKING

from service.campaigns import inference
from service.campaigns.jobs import ClaimedJob
from workers.context import WorkerContext
from workers.scoring import open_scored_domain

if TYPE_CHECKING:
    from models.inference.trained_campaign import TrainedCampaign
    from models.records import History
    from workers.progress import JobProgress

LOADING_SHARE = 0.7
"""Share of a job's progress that loading its trained campaign takes."""


def progress_after_loading(share: float) -> float:
    """Return the progress of the whole job, from the progress after loading."""
    return LOADING_SHARE + (1 - LOADING_SHARE) * share


def get_for_job(context: WorkerContext, job: ClaimedJob, progress: "JobProgress") -> "tuple[TrainedCampaign, History]":
    """Return the trained campaign of a job, and the campaign's history at the time of the request.

    Raises:
        HazardListError: if a hazard list about these objects cannot be used.
        ArtefactError: if the round's stored policy was trained for something else.
    """
    with context.sessions.begin() as session:
        now = inference.load_current_history(session, job)
        basis = inference.cache_key(session, job, now)
    opened = context.trained_campaigns
    opened.check_cancelled = progress.raise_if_cancelled
    hazards = context.hazards()
    audit = json.dumps([(item.name, item.version, item.sha256) for item in hazards])

    def make() -> "TrainedCampaign":
        device = context.configure_torch()
        from models.inference.load import load_trained_campaign

        with context.sessions.begin() as session:
            given = inference.load_trained_round(session, job, now)
        return load_trained_campaign(
            given.spec,
            given.history,
            seed=given.seed,
            artefact=given.artefact,
            report=lambda share, message: progress(LOADING_SHARE * share, message),
            device=device,
            hazards=hazards,
            domain=open_scored_domain(context.settings, given.spec, opened.raise_if_cancelled),
        )

    return opened.get((*basis, audit), make), now
