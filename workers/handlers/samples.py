"""Sample more candidates from the policy of a round."""

from models.campaign.requests import SampleRequest
from models.domains import open_domain
from models.inference import UnservableError
from service.campaigns.jobs import ClaimedJob
from service.campaigns.payloads import to_json
from service.errors import UnprocessableError
from service.store.tables import Json
from workers.context import WorkerContext
from workers.progress import JobProgress
from workers.trained_campaigns import get_for_job, progress_after_loading


def handle(context: WorkerContext, job: ClaimedJob, progress: JobProgress) -> Json:
    """Return samples as candidate records, and a summary of the sampling.

    Raises:
        UnprocessableError: if the policy cannot serve the request.
    """
    trained, now = get_for_job(context, job, progress)
    request = SampleRequest.model_validate(job.request)
    try:
        drawn, summary = trained.sample(request, now, lambda share, text: progress(progress_after_loading(share), text))
    except UnservableError as error:
        raise UnprocessableError(error.detail, [{"pointer": error.pointer, "detail": error.detail}]) from error
    domain = open_domain(trained.fitted.model.spec.domain)
    return {"samples": [to_json(item, domain) for item in drawn], "summary": summary}
