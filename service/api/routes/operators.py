"""Health and metrics, for operators: no key is needed and nothing of a workspace is told."""

from typing import cast

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from service.api.documentation import Responses, problems
from service.api.metrics import Metrics
from service.errors import UnavailableError
from service.readiness import Readiness, as_problem, as_queues
from service.schemas.health import Health
from service.schemas.health import Readiness as ReadinessAnswer

router = APIRouter(tags=["operators"])

TEXT: Responses = {
    200: {
        "content": {CONTENT_TYPE_LATEST: {"schema": {"type": "string"}}},
        "description": "Prometheus' format",
    }
}


@router.get("/health/live", responses=problems(422))
async def live() -> Health:
    """Tell that the process answers; it waits for no thread and no connection."""
    return Health()


@router.get("/health/ready", responses=problems(422, 503))
async def ready(request: Request) -> ReadinessAnswer:
    """Tell whether work gets done: database, tables, broker and a consumer of each queue.

    503 says what is missing.
    """
    report = await cast("Readiness", request.app.state.readiness).report()
    if report.missing:
        detail, extensions = as_problem(report)
        raise UnavailableError(detail, extensions=extensions)
    return ReadinessAnswer.model_validate(
        {"checks": dict.fromkeys(report.checks, "ok"), "queues": as_queues(report)}
    )


@router.get("/metrics", response_class=Response, responses={**TEXT, **problems(422)})
def metrics(request: Request) -> Response:
    """Return the figures in Prometheus' format."""
    figures = cast("Metrics", request.app.state.metrics)
    return Response(generate_latest(figures.registry), media_type=CONTENT_TYPE_LATEST)
