"""Reads a long table of results and stores its good rows."""

from service.campaigns import uploads
from service.campaigns.jobs import ClaimedJob
from service.campaigns.reading import MentionedIds, StoredContent
from service.store import jobs
from workers.handlers import Conclude, Tell
from workers.process import Process


def handle(process: Process, job: ClaimedJob, tell: Tell) -> Conclude:
    """Return what stores the rows and answers with the report, the same as of a short table."""
    assert job.campaign_id is not None
    campaign_id = job.campaign_id
    with process.sessions.begin() as session:
        content, _ = jobs.load_input(session, job.id)
        spec, owner = uploads.destination(session, job)
    file = uploads.claimed_file(job, content)

    def known(mentioned: MentionedIds) -> StoredContent:
        with process.sessions.begin() as session:
            return uploads.known(session, campaign_id, mentioned)

    with uploads.readable():
        report = process.reader.results(spec, file.table, known, tell.read)
    return lambda session: {"report": uploads.settle(session, owner, campaign_id, file, report).as_json()}
