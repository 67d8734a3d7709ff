"""Support `Idempotency-Key`: a repeated POST takes effect once (draft-ietf-httpapi-idempotency-key-header).

The response is stored in the transaction of the work, under the workspace's key, so that both exist or
neither. A request in flight holds a lock that ends with its transaction, so a crash leaves no key locked.
"""

import hashlib
import json
from collections.abc import Callable, Collection
from typing import Annotated, final

from fastapi import Depends, Header, Request, Response
from sqlalchemy.orm import Session

from service.api.body import RawBody
from service.api.dependencies import Caller, Transaction, authenticate
from service.errors import ConflictError, UnprocessableError
from service.store import idempotency
from service.store.tables import IdempotencyKey

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_KEPT_HEADERS = ("content-type", "location", "etag")

GivenKey = Annotated[
    str | None,
    Header(
        alias=HEADER,
        pattern=r"^[!-~]{1,255}$",
        description="any text of your choice: the same key with the same request replays the first answer",
    ),
]


@final
class OnceOnly:
    """Run a request's work at most once per key.

    Args:
        session: the request's transaction.
        caller: the owner of the keys.
        key: the client's key, if any.
        request_hash: identifies the request, including its body.
    """

    def __init__(self, session: Session, caller: Caller, key: str | None, request_hash: str) -> None:
        self._session = session
        self._workspace_id = caller.workspace_id
        self._key = key
        self._request_hash = request_hash

    def __call__(self, work: Callable[[], Response], forget: Collection[str] = ()) -> Response:
        """Return the response of `work`, or the stored one.

        Args:
            work: does the work and returns its response.
            forget: secret members of the response, which are not stored and null in a replay.

        Raises:
            ConflictError: if the first request with this key is not finished.
            UnprocessableError: if the key belongs to another request.
        """
        if self._key is None:
            return work()
        if not idempotency.try_lock(self._session, self._workspace_id, self._key):
            raise ConflictError("a request with this Idempotency-Key is in flight; try again when it has ended")
        stored = idempotency.find(self._session, self._workspace_id, self._key)
        if stored is not None:
            return self._replay(stored)
        response = work()
        self._save(self._key, response, forget)
        return response

    def _replay(self, stored: IdempotencyKey) -> Response:
        if stored.request_hash != self._request_hash:
            detail = "this key was used for another request"
            error_item = {"in": "header", "pointer": f"/{HEADER}", "detail": detail}
            raise UnprocessableError(f"{HEADER}: {detail}", errors=[error_item])
        return Response(stored.body, stored.status, headers={**stored.headers, REPLAYED: "true"})

    def _save(self, key: str, response: Response, forget: Collection[str]) -> None:
        body = bytes(response.body)
        if forget:
            body = json.dumps({**json.loads(body), **dict.fromkeys(forget)}).encode()
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        answer = {"status": response.status_code, "headers": headers, "body": body}
        idempotency.save(self._session, self._workspace_id, key, self._request_hash, answer)


def once_only(
    request: Request,
    session: Transaction,
    caller: Annotated[Caller, Depends(authenticate)],
    body: RawBody,
    key: GivenKey = None,
) -> OnceOnly:
    """Return the runner that makes this request take effect once."""
    content_type = request.headers.get("content-type", "")
    parts = (request.method, request.url.path, request.url.query, content_type)
    digest = hashlib.sha256("\n".join(parts).encode() + b"\n" + body)
    return OnceOnly(session, caller, key, digest.hexdigest())


Once = Annotated[OnceOnly, Depends(once_only)]
