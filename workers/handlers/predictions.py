"""Judges objects that the user thought of."""

from dataclasses import asdict

from models.domains import open_domain
from service.campaigns import instruments
from service.campaigns.jobs import ClaimedJob
from service.store.tables import Json
from workers.handlers import Tell
from workers.instruments import open_for, played
from workers.process import Process


def handle(process: Process, job: ClaimedJob, tell: Tell) -> Json:
    """Return what is believed of the object of every accepted row, in the table's order."""
    with process.sessions.begin() as session:
        report = instruments.load_objects(session, job.id)
    rows = [(row["row"], row["object"]) for row in report["rows"] if row["status"] == "accepted"]
    instrument, now = open_for(process, job, tell)
    texts = list(dict.fromkeys(text for _, text in rows))
    judged = instrument.judge(texts, now, lambda share, text: tell(played(share), text))
    domain = open_domain(instrument.fitted.beliefs.spec.domain)
    told = {item.object: {"display": domain.display(item.object), **asdict(item)} for item in judged}
    return {"rows": [{"row": number, **told[text]} for number, text in rows]}
