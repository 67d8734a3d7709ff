"""Draws more candidates from the policy of a round."""

from models.campaign.requests import SampleRequest
from models.domains import open_domain
from models.inference import UnservableError
from service.campaigns.jobs import ClaimedJob
from service.campaigns.payloads import described
from service.errors import UnprocessableError
from service.store.tables import Json
from workers.handlers import Tell
from workers.process import Process
from workers.trained_campaigns import open_for, played


def handle(process: Process, job: ClaimedJob, tell: Tell) -> Json:
    """Return samples as candidates are told, and what drawing them was like.

    Raises:
        UnprocessableError: if the policy cannot serve the request.
    """
    instrument, now = open_for(process, job, tell)
    request = SampleRequest.model_validate(job.request)
    try:
        drawn, summary = instrument.sample(request, now, lambda share, text: tell(played(share), text))
    except UnservableError as error:
        raise UnprocessableError(error.detail, [{"pointer": error.pointer, "detail": error.detail}]) from error
    domain = open_domain(instrument.fitted.model.spec.domain)
    return {"samples": [described(item, domain) for item in drawn], "summary": summary}
