"""Health and metrics, for operators: no key is needed and nothing of a workspace is told."""

from typing import cast

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from service.api.dependencies import sessions_of
from service.api.documentation import Responses, problems
from service.api.metrics import Metrics
from service.dispatch import CelerySender
from service.errors import UnavailableError
from service.schemas.health import Health, Readiness
from service.store.session import is_ready

router = APIRouter(tags=["operators"])

TEXT: Responses = {
    200: {"content": {CONTENT_TYPE_LATEST: {"schema": {"type": "string"}}}, "description": "Prometheus' format"}
}


@router.get("/health/live", responses=problems(422))
async def live() -> Health:
    """Tell that the process answers; it waits for no thread and no connection."""
    return Health()


@router.get("/health/ready", responses=problems(422, 503))
def ready(request: Request) -> Readiness:
    """Tell whether the database and the broker answer; 503 names the one that does not."""
    sender = cast("CelerySender", request.app.state.sender)
    checks = {"database": _database_answers(request), "broker": sender.is_ready()}
    failed = [name for name, is_fine in checks.items() if not is_fine]
    if failed:
        told = {name: "ok" if is_fine else "failed" for name, is_fine in checks.items()}
        raise UnavailableError(f"no answer from: {', '.join(failed)}", extensions={"checks": told})
    return Readiness(checks=dict.fromkeys(checks, "ok"))


@router.get("/metrics", response_class=Response, responses={**TEXT, **problems(422)})
def metrics(request: Request) -> Response:
    """Return the figures in Prometheus' format."""
    figures = cast("Metrics", request.app.state.metrics)
    return Response(generate_latest(figures.registry), media_type=CONTENT_TYPE_LATEST)


def _database_answers(request: Request) -> bool:
    try:
        with sessions_of(request).begin() as session:
            return is_ready(session)
    except SQLAlchemyError:
        return False
