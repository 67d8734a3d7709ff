"""The route of hooks: other systems say that something has changed. It needs no key, but a genuine hook."""

import time
from typing import Annotated, final
from uuid import UUID

import anyio
from fastapi import APIRouter, Path, Request, Response
from starlette.types import Receive, Scope, Send

from service.api.admission import release_slots
from service.api.body import RawBody
from service.api.dependencies import Operators, Transaction
from service.api.documentation import Responses, body_of, problems
from service.api.problems import problem_response
from service.errors import NotFoundError
from service.integrations.hooks import SentHook, hear

REFUSAL_SECONDS = 0.25
"""All refusals take at least this long, so that their time does not tell one reason from another."""

router = APIRouter(prefix="/v1/hooks", tags=["operators"])

BODY = body_of(
    ["application/json"], {"type": "object"}, "what the other system sends: its bytes are verified"
)
HEARD: Responses = {202: {"description": "The hook is genuine: the connector looks for changes now"}}
HookId = Annotated[
    str, Path(description="the connector's id", examples=["7c2d9e10-5b4a-4c8f-9e21-3a6b8d0f5c47"])
]


@final
class LateResponse(Response):
    """A response that is sent at a given time, without a slot or a connection until then."""

    def __init__(self, response: Response, at: float) -> None:
        super().__init__(response.body, response.status_code, response.headers)
        self._response = response
        self._at = at

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then send it."""
        release_slots(scope)
        await anyio.sleep(max(0.0, self._at - time.monotonic()))
        await self._response(scope, receive, send)


@router.post(
    "/{connector_id}",
    status_code=202,
    response_class=Response,
    responses={**HEARD, **problems(404, 408, 413, 422, 503)},
    openapi_extra=BODY,
)
def receive_hook(
    connector_id: HookId, request: Request, content: RawBody, session: Transaction, settings: Operators
) -> Response:
    """Say that something has changed in another system; its connector then looks for changes at once.

    The kind of the connector verifies the raw bytes. Data in them are not read. An unknown or paused
    connector, and a hook that is not genuine, are answered alike.
    """
    began = time.monotonic()
    if _is_heard(connector_id, SentHook(request.headers, content), session, settings):
        return Response(status_code=202)
    refusal = problem_response(NotFoundError("no such hook"), request.url.path)
    return LateResponse(refusal, began + REFUSAL_SECONDS)


def _is_heard(connector_id: str, sent: SentHook, session: Transaction, settings: Operators) -> bool:
    try:
        wanted = UUID(connector_id)
    except ValueError:
        return False
    return hear(session, settings, wanted, sent)
