"""Requests to one folder of a LabKey server, signed in with an API key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, final
from urllib.parse import quote

from service.lims.contract import AccessDeniedError, RetryLaterError
from service.lims.kinds.labkey.answers import refused
from service.lims.replies import check_reply, json_body, request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from service.outbound.pinned_http import Http, Reply

API_VERSION = "17.1"
"""Rows come as objects with `value` and `displayValue`."""
QUESTIONS = ("query-getQuery.api", "query-getQueries.api", "assay-assayList.api")
"""Actions that only read, although they are sent by POST."""
BAD = 400
_UNAUTHORIZED = 401
_MISSING = 404
_CSRF = "X-LABKEY-CSRF"


class Rows(NamedTuple):
    """An answer to a query: `n_all` counts all rows that match, whatever limit was set."""

    rows: Sequence[Mapping[str, Any]]
    n_all: int
    content: bytes


@final
class Session:
    """A signed-in account in a folder.

    Args:
        http: to the server.
        container: path of the folder.
        api_key: of the account.
    """

    def __init__(self, http: Http, container: str, api_key: str) -> None:
        self._http = http
        self._folder = f"/{quote(container.strip('/'))}/"
        self._key = {"apikey": api_key}
        self._headers: dict[str, str] = {}
        self._details: dict[tuple[str, str], dict[str, Any] | None] = {}

    def url(self, page: str) -> str:
        """Return the address of a page of the folder, for people."""
        target = self._http.target
        return f"{target.scheme}://{target.authority}{target.path.rstrip('/')}{self._folder}{page}"

    def sign_in(self) -> dict[str, Any]:
        """Ask who we are, and keep the token that LabKey wants back with every POST, and its cookie."""
        reply = check_reply(request(self._http, "GET", f"{self._folder}login-whoami.api", headers=self._key))
        who = _object(reply)
        token = who.get("CSRF")
        if not isinstance(token, str):
            raise RetryLaterError(f"{reply.where} answered nothing of LabKey: are address and folder right?")
        if not who.get("id"):
            raise AccessDeniedError("LabKey takes us for a guest: the API key is not valid")
        cookies = [item.partition(";")[0] for item in reply.headers.get_list("set-cookie")]
        self._headers = {
            **self._key,
            _CSRF: token,
            "Cookie": "; ".join(cookies or [f"{_CSRF}={token}"]),
            # else an import may answer JSON inside of a page
            "X-Requested-With": "XMLHttpRequest",
        }
        return who

    def exchange(self, action: str, method: str = "POST", **body: Any) -> tuple[Reply, dict[str, Any]]:
        """Send a request and return the reply with its JSON; once signed out, sign in again.

        Raises:
            AccessDeniedError: if the key is not accepted, or has no right to this.
            RetryLaterError: if the server is busy, or answers no JSON or not at all.
        """
        if not self._headers:
            self.sign_in()
        reply = request(self._http, method, self._folder + action, headers=self._headers, **body)
        if reply.status == _UNAUTHORIZED:
            self.sign_in()
            reply = request(self._http, method, self._folder + action, headers=self._headers, **body)
        check_reply(reply)
        return reply, _object(reply)

    def sample_types(self) -> list[str]:
        """Return the names of the folder's sample types."""
        form = {"schemaName": "samples", "includeColumns": "false"}
        return [item["name"] for item in self._read("query-getQueries.api", data=form)[1].get("queries", ())]

    def rows(self, schema: str, query: str, columns: Sequence[str], filters: Mapping[str, str]) -> Rows:
        """Return rows in the order of the first column."""
        form = {"schemaName": schema, "query.queryName": query, "query.columns": ",".join(columns)}
        form |= {"query.sort": columns[0], "apiVersion": API_VERSION, "query.maxRows": "-1", **filters}
        reply, body = self._read("query-getQuery.api", data=form)
        if not isinstance(body.get("rows"), list) or not isinstance(body.get("rowCount"), int):
            raise RetryLaterError("LabKey answered a query without rows and their count")
        return Rows(body["rows"], body["rowCount"], reply.content)

    def columns(self, schema: str, query: str) -> dict[str, Any] | None:
        """Return the columns of a query by name; None if there is no such query."""
        if (schema, query) not in self._details:
            params = {"schemaName": schema, "queryName": query}
            reply, body = self.exchange("query-getQueryDetails.api", "GET", params=params)
            if reply.status >= BAD and reply.status != _MISSING:
                raise _unread(reply, body)
            if reply.status != _MISSING and not isinstance(body.get("columns"), list):
                raise RetryLaterError(f"{reply.where} answered no columns")
            columns = {item["name"]: item for item in body.get("columns", ())}
            self._details[schema, query] = None if reply.status == _MISSING else columns
        return self._details[schema, query]

    def assays(self) -> list[str]:
        """Return the schemas of the folder's assays, as in `assay.General.Potency`."""
        body = self._read("assay-assayList.api", json={})[1]
        return sorted(item["protocolSchemaName"] for item in body.get("definitions", ()))

    def _read(self, action: str, **body: Any) -> tuple[Reply, dict[str, Any]]:
        """Return the answer to a request that only reads; what cannot be read now is read later."""
        reply, answer = self.exchange(action, **body)
        if reply.status >= BAD:
            raise _unread(reply, answer)
        return reply, answer


def _unread(reply: Reply, body: dict[str, Any]) -> RetryLaterError:
    why = refused(reply, body).detail
    return RetryLaterError(f"{reply.where} answered {reply.status}: {why}", whole_connector=False)


def _object(reply: Reply) -> dict[str, Any]:
    body = json_body(reply)
    if not isinstance(body, dict):
        raise RetryLaterError(f"{reply.where} answered JSON that is no object")
    return body
