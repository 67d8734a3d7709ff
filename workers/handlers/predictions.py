"""Judges objects that the user thought of."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from models.domains import open_domain
from service.campaigns import inference as instruments
from service.campaigns.jobs import ClaimedJob
from service.campaigns.objects import MEMBER, objects_of
from service.campaigns.reading import SentTable
from service.store import jobs
from service.store.tables import Json
from workers.handlers import Tell
from workers.process import Process
from workers.trained_campaigns import open_for, played

READING = 0.3
"""Share of a job's progress that reading its file is."""


def handle(process: Process, job: ClaimedJob, tell: Tell) -> Json:
    """Return what is believed of the object of every accepted row, in the table's order."""
    if instruments.is_unread(job):
        report = _read(process, job, tell)
        tell = tell.after(READING)
    else:
        report = _loaded(process, job)
    rows = [(row["row"], row["object"]) for row in report["rows"] if row["status"] == "accepted"]
    instrument, now = open_for(process, job, tell)
    texts = list(dict.fromkeys(text for _, text in rows))
    judged = instrument.predict(texts, now, lambda share, text: tell(played(share), text))
    domain = open_domain(instrument.fitted.model.spec.domain)
    told = {item.object: {"display": domain.display(item.object), **asdict(item)} for item in judged}
    answer = {"rows": [{"row": number, **told[text]} for number, text in rows]}
    return answer | ({"report": report} if instruments.is_unread(job) else {})


def _loaded(process: Process, job: ClaimedJob) -> Mapping[str, Any]:
    with process.sessions.begin() as session:
        return instruments.load_objects(session, job.id)


def _read(process: Process, job: ClaimedJob, tell: Tell) -> Mapping[str, Any]:
    """Return the report of the file that was sent."""
    with process.sessions.begin() as session:
        content, media_type = jobs.load_input(session, job.id)
        spec = instruments.spec_of_job(session, job)
    table = SentTable(content, media_type, job.request["sheet"], MEMBER)
    report = objects_of(process.reader, spec, table, job.context["unread_mode"], partial(tell.read, of=READING))
    return report.as_json()
