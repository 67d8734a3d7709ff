"""Declare in OpenAPI what is posted to webhook endpoints: one entry of `webhooks` for each type of event."""

from typing import Annotated, Any

from fastapi import Body, FastAPI, Header, Response

from service.api.webhook_examples import MESSAGE_EXAMPLES
from service.schemas.events import MESSAGES, Message

_MessageId = Annotated[str, Header(description="the same for every attempt: remember it to act once")]
_Timestamp = Annotated[int, Header(description="seconds since 1970 of this attempt; refuse an old one")]
_Signature = Annotated[
    str,
    Header(description="`v1,` and HMAC-SHA256 of `id.timestamp.body`; several while a secret changes"),
]
_RESPONSES: dict[int | str, dict[str, Any]] = {
    204: {"description": "Any status of 2xx: the message was taken"},
    410: {"description": "The endpoint is gone: it is disabled at once"},
    "4XX": {"description": "Any other status: the message is sent again later"},
}


def declare_webhooks(app: FastAPI) -> None:
    """Declare the message of each type of event."""
    for event_type, message in MESSAGES.items():
        app.webhooks.add_api_route(
            event_type,
            _receiver(event_type, message),
            methods=["POST"],
            status_code=204,
            response_class=Response,
            responses=_RESPONSES,
            operation_id=f"on_{event_type.replace('.', '_')}",
            summary=message.__doc__,
            tags=["webhooks"],
        )


def _receiver(event_type: str, message: type[Message]) -> Any:
    examples = {"message": {"value": MESSAGE_EXAMPLES[event_type]}}

    def receive(
        body: Annotated[message, Body(description="the message", openapi_examples=examples)],  # type: ignore[valid-type]
        webhook_id: _MessageId,
        webhook_timestamp: _Timestamp,
        webhook_signature: _Signature,
    ) -> None:
        """Take a message; answer at once, and work afterwards."""

    return receive
