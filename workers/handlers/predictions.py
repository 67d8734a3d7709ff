"""Predict a user's own objects."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from models.domains import open_domain
from service.campaigns import inference
from service.campaigns.jobs import ClaimedJob
from service.campaigns.objects import MEMBER, objects_of
from service.campaigns.reading import SentTable
from service.store import jobs
from service.store.tables import Json
from workers.context import WorkerContext
from workers.progress import JobProgress
from workers.trained_campaigns import get_for_job, progress_after_loading

READING_SHARE = 0.3
"""Share of a job's progress that reading its file takes."""


def handle(context: WorkerContext, job: ClaimedJob, progress: JobProgress) -> Json:
    """Return the prediction for the object of each accepted row, in the table's order."""
    if inference.is_unread(job):
        report = _read(context, job, progress)
        progress = progress.after(READING_SHARE)
    else:
        report = _loaded(context, job)
    rows = [(row["row"], row["object"]) for row in report["rows"] if row["status"] == "accepted"]
    trained, now = get_for_job(context, job, progress)
    texts = list(dict.fromkeys(text for _, text in rows))
    judged = trained.predict(texts, now, lambda share, text: progress(progress_after_loading(share), text))
    domain = open_domain(trained.fitted.model.spec.domain)
    row_by_object = {item.object: {"display": domain.display(item.object), **asdict(item)} for item in judged}
    answer = {"rows": [{"row": number, **row_by_object[text]} for number, text in rows]}
    return answer | ({"report": report} if inference.is_unread(job) else {})


def _loaded(context: WorkerContext, job: ClaimedJob) -> Mapping[str, Any]:
    with context.sessions.begin() as session:
        return inference.load_objects(session, job.id)


def _read(context: WorkerContext, job: ClaimedJob, progress: JobProgress) -> Mapping[str, Any]:
    """Return the report of the uploaded file."""
    with context.sessions.begin() as session:
        content, media_type = jobs.load_input(session, job.id)
        spec = inference.spec_of_job(session, job)
    table = SentTable(content, media_type, job.request["sheet"], MEMBER)
    report = objects_of(
        context.reader, spec, table, job.context["unread_mode"], partial(progress.report_reading, of=READING_SHARE)
    )
    return report.as_json()
