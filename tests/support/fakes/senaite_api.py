"""SENAITE's JSON API as far as a connector uses it, with the manners of the real site.

Batches have 25 items and a `next` address, unknown indexes are passed over, an ended session shows empty
lists, a sample is refused in JSON inside a text, and a search finds catalogue columns alone unless it is
asked for whole objects.
"""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any

from fakes.server import Answered, LoopbackServer, Sent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

API = "/senaite/@@API/senaite/v1"
USER, PASSWORD = "assayflow", "s3cret & more"
SAMPLES, ANALYSES, SETUP = "senaite_catalog_sample", "senaite_catalog_analysis", "senaite_catalog_setup"
_OF_ALL = {
    "uid",
    "id",
    "title",
    "path",
    "portal_type",
    "review_state",
    "created",
    "modified",
    "url",
    "getKeyword",
}
_COLUMNS = {
    *_OF_ALL,
    "getClientSampleID",
    "getRequestID",
    "getClientID",
    "getFullname",
    "parent_path",
    "description",
}
_INDEXES = {
    SAMPLES: {"UID", "getClientSampleID", "portal_type", "review_state", "id"},
    ANALYSES: {"UID", "getRequestID", "portal_type", "review_state", "getKeyword"},
}
_TYPES = {
    "batch": "Batch",
    "client": "Client",
    "contact": "Contact",
    "sampletype": "SampleType",
    "sampletemplate": "SampleTemplate",
    "analysisservice": "AnalysisService",
}


class SenaiteApi(LoopbackServer):
    """A site with one user and one client."""

    def __init__(self) -> None:
        super().__init__()
        self.version = "2.6.1"
        self.roles = ["Authenticated", "LabClerk"]
        self.objects: dict[str, dict[str, Any]] = {}
        self.sessions: set[str] = set()
        self.keeps_refused = False
        self.required: set[str] = {"Contact", "SampleType", "DateSampled"}
        self.refused: dict[str, str] = {}
        self.is_locked_out = False
        self.page_size: int | None = None
        self.indexes = {name: set(indexes) for name, indexes in _INDEXES.items()}
        self._number = 0
        self.route("POST", f"{API}/login", self._login)
        self.route("GET", f"{API}/auth", self._auth)
        self.route("GET", f"{API}/users/current", self._current)
        self.route(
            "GET", f"{API}/version", lambda _: self._ok({"version": self.version, "date": "2026-06-02"})
        )
        self.route("GET", f"{API}/search", self._search)
        self.route("GET", f"{API}/({'|'.join(_TYPES)})", self._list)
        self.route("POST", f"{API}/AnalysisRequest/create/([0-9a-f]+)", self._create)
        self.route("POST", f"{API}/create", self._create_anything)
        self.route("POST", f"{API}/update", self._update)

    def is_write(self, sent: Sent) -> bool:
        return not sent.path.endswith("/login")

    def unknown(self, sent: Sent) -> Answered:
        return _fail(404, f"No route for {sent.path}")

    def add(self, portal_type: str, parent_path: str, **fields: Any) -> dict[str, Any]:
        """Add an object to the site."""
        self._number += 1
        id_ = fields.pop("id", f"{portal_type.lower()}-{self._number}")
        path = f"{parent_path}/{id_}"
        made = {
            "uid": f"{self._number:032x}",
            "id": id_,
            "title": id_,
            "path": path,
            "parent_path": parent_path,
            "url": f"{self.address}{path}",
            "portal_type": portal_type,
            "review_state": "active",
            "created": self.moment(),
            "modified": self.moment(),
            "n": self._number,
            **fields,
        }
        self.objects[made["uid"]] = made
        return made

    def forget_index(self, name: str) -> None:
        """Take an index out of the catalogues, as on a site that never had it."""
        for indexes in self.indexes.values():
            indexes.discard(name)

    def moment(self) -> str:
        """Return a time to the minute, as the catalogue has it: many things happen in one."""
        return f"2026-11-22T09:{self._number // 40 % 60:02}:00+00:00"

    def of_type(self, portal_type: str) -> list[dict[str, Any]]:
        return [item for item in self.objects.values() if item["portal_type"] == portal_type]

    def _is_known(self, sent: Sent) -> bool:
        cookies = SimpleCookie(sent.headers.get("cookie", ""))
        return "__ac" in cookies and cookies["__ac"].value in self.sessions

    def _login(self, sent: Sent) -> Answered:
        form = sent.form()
        stated = (form.get("__ac_name"), form.get("__ac_password"))
        if sent.query or self.is_locked_out or stated != (USER, PASSWORD):
            return _fail(401, "Invalid Credentials")
        self._number += 1
        session = f"s{self._number}"
        self.sessions.add(session)
        answer = self._ok({"items": [self._user(USER)], "count": 1})
        cookie = f'__ac="{session}"; Path=/; HTTPOnly; SameSite=Lax'
        return Answered(200, answer.body, {"Set-Cookie": cookie})

    def _auth(self, sent: Sent) -> Answered:
        if not self._is_known(sent):
            return Answered(401, {"_runtime": 0.001}, {"WWW-Authenticate": 'basic realm="JSONAPI AUTH"'})
        return self._ok({})

    def _current(self, sent: Sent) -> Answered:
        stranger = {"username": "Anonymous User", "authenticated": False, "roles": ["Anonymous"]}
        return self._ok({"items": [self._user(USER) if self._is_known(sent) else stranger], "count": 1})

    def _user(self, name: str) -> dict[str, Any]:
        return {
            "username": name,
            "fullname": "Assayflow, a service",
            "authenticated": True,
            "roles": self.roles,
        }

    def _list(self, sent: Sent, resource: str) -> Answered:
        rows = [item for item in self.objects.values() if item["portal_type"] == _TYPES[resource]]
        return self._batch(sent, rows if self._is_known(sent) else [])

    def _search(self, sent: Sent) -> Answered:
        catalog = sent.first("catalog", SETUP)
        types = {SAMPLES: ["AnalysisRequest"], ANALYSES: ["Analysis", "DuplicateAnalysis"]}.get(catalog, [])
        wanted = {name: sent.first(name) for name in sent.query if name in self.indexes.get(catalog, ())}
        rows = [
            item
            for item in self.objects.values()
            if item["portal_type"] in types
            and all(item.get("uid" if name == "UID" else name) == value for name, value in wanted.items())
        ]
        return self._batch(sent, rows if self._is_known(sent) else [])

    def _batch(self, sent: Sent, rows: Sequence[dict[str, Any]]) -> Answered:
        size = min(int(sent.first("limit", "25")), self.page_size or 10_000)
        start = int(sent.first("b_start", "0"))
        ordered = sorted(rows, key=lambda item: item["n"], reverse=sent.first("sort_order") == "desc")
        is_whole = sent.first("complete") in ("yes", "y", "1", "True")
        items = [
            {name: value for name, value in item.items() if name != "n" and (is_whole or name in _COLUMNS)}
            for item in ordered[start : start + size]
        ]
        is_more = start + size < len(ordered)
        following = f"{self.address}{sent.path}?b_start={start + size}" if is_more else None
        body = {"count": len(ordered), "pagesize": size, "items": items, "page": start // size + 1}
        return self._ok({**body, "pages": -(-len(ordered) // size), "next": following, "previous": None})

    def _create(self, sent: Sent, client_uid: str) -> Answered:
        client, body = self.objects.get(client_uid), sent.json()
        if not self._is_known(sent) or client is None or client["portal_type"] != "Client":
            return _fail(401, "Creation of AnalysisRequest is not allowed in this container")
        missing = sorted(name for name in self.required if not body.get(name))
        words = self.refused.get(body.get("ClientSampleID", ""))
        if (missing or words) and not self.keeps_refused:
            return _refused(missing, words)
        self._number += 1
        made = self.add(
            "AnalysisRequest",
            client["path"],
            id=f"W-{self._number:04}",
            **{
                name: body.get(name)
                for name in ("ClientReference", "ClientOrderNumber", "SampleType", "Contact")
            },
            getClientSampleID=body.get("ClientSampleID"),
            Remarks=[{"content": body["Remarks"]}] if body.get("Remarks") else [],
            review_state="sample_due",
            fields={name: value for name, value in body.items() if not isinstance(value, list)},
        )
        if missing or words:
            return _refused(missing, words)
        for uid in body.get("Analyses") or self.objects[body["Template"]]["services"]:
            self.add_analysis(made, self.objects[uid])
        return self._ok({"count": 1, "items": [{name: value for name, value in made.items() if name != "n"}]})

    def _create_anything(self, sent: Sent) -> Answered:
        body = sent.json()
        place = (body.pop("portal_type"), body.pop("parent_path"))
        if not self._is_known(sent) or place != ("Batch", "/senaite/batches"):
            return _fail(401, f"Creation of {place[0]} is not allowed in {place[1]}")
        made = self.add(*place, review_state="open", **body)
        return self._ok({"count": 1, "items": [{name: value for name, value in made.items() if name != "n"}]})

    def add_analysis(
        self, sample: Mapping[str, Any], service: Mapping[str, Any], **fields: Any
    ) -> dict[str, Any]:
        """Add an analysis of a service to a sample."""
        given: dict[str, Any] = {
            "title": service["title"],
            "Keyword": service["getKeyword"],
            "getKeyword": service["getKeyword"],
            "Result": "",
            "DetectionLimitOperand": "",
            "Unit": service["Unit"],
            "Uncertainty": None,
            "RetestOf": None,
            "Remarks": "",
            "InterimFields": [],
            "ResultCaptureDate": None,
            "getRequestID": sample["id"],
            "review_state": "unassigned",
        }
        return self.add("Analysis", sample["path"], **{**given, **fields})

    def _update(self, sent: Sent) -> Answered:
        body = sent.json()
        item = self.objects.get(body.get("uid", ""))
        if not self._is_known(sent) or item is None:
            return _fail(401, "You are not allowed to update this object")
        if (transition := body.get("transition")) is not None:
            if transition != "cancel" or item["review_state"] != "sample_due":
                return _fail(400, f"Transition '{transition}' is not allowed in {item['review_state']}")
            item["review_state"] = "cancelled"
        item |= {name: body[name] for name in ("Batch", "description") if name in body}
        if "Remarks" in body:
            item["Remarks"].append({"user_id": USER, "content": body["Remarks"]})
        return self._ok({"count": 1, "items": [{name: item[name] for name in ("uid", "id", "path")}]})

    def _ok(self, body: Mapping[str, Any]) -> Answered:
        return Answered(200, {**body, "_runtime": 0.0125})


def _fail(status: int, message: str) -> Answered:
    return Answered(status, {"success": False, "message": message, "_runtime": 0.0021})


def _refused(missing: Sequence[str], words: str | None) -> Answered:
    if words:
        return _fail(400, words)
    said = ", ".join(f'"{name}": "{name} is required, please correct."' for name in missing)
    return _fail(400, "{" + said + "}")
