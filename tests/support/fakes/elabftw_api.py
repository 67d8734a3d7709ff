"""eLabFTW's API v2 as far as a connector uses it, with the manners of the real server.

Lists have 15 rows unless a limit is given, a created record is named by `Location` alone, the metadata is a
JSON text, setting it replaces all of it, and a compound that is posted again is overwritten and loses its
hazard flags.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from fakes.elabftw_values import (
    TERM,
    as_object,
    error,
    is_like,
    key_of,
    matches,
    merged_metadata,
    multipart,
    nothing,
    user,
)
from fakes.server import Answered, LoopbackServer, Sent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KEY = "3-f0e1d2c3b4a5968778695a4b3c2d1e0f"
NORMAL, ARCHIVED, DELETED = 1, 2, 3
_FLAGS = ("is_toxic", "is_flammable", "is_explosive", "is_corrosive", "is_controlled", "is_radioactive")
_SETTABLE = ("title", "body", "status", "category", "rating", "state", "content_type", "custom_id")


class ElabftwApi(LoopbackServer):
    """A server with one team, one user and one key."""

    def __init__(self) -> None:
        super().__init__()
        self.ignores_metadata_on_post = False
        self.metadata_is_text = True
        self.version = 50600
        self.can_write = 1
        self.entities: dict[str, dict[int, dict[str, Any]]] = {
            name: {} for name in ("items", "experiments", "items_types", "experiments_templates")
        }
        self.compounds: dict[int, dict[str, Any]] = {}
        self.links: set[tuple[str, int, str, int]] = set()
        self.uploads: dict[int, dict[str, Any]] = {}
        self.contents: dict[int, tuple[str, bytes]] = {}
        self.comments: dict[int, dict[str, Any]] = {}
        self.is_revoked = False
        self.page_size: int | None = None
        self.refused: dict[str, str] = {}
        self._number = 100
        self._add_routes()

    def before(self, sent: Sent) -> Answered | None:
        if sent.headers.get("authorization") != KEY or self.is_revoked:
            return error(401, "Authentication required", "No corresponding API key found!")
        if sent.method != "GET" and not self.can_write:
            return error(403, "Forbidden", "The API key does not have write access.")
        return None

    def unknown(self, sent: Sent) -> Answered:
        return error(404, "Invalid endpoint", sent.path)

    def _add_routes(self) -> None:
        kinds, own = r"/api/v2/(items|experiments|items_types|experiments_templates)", r"(items|experiments)"
        self.route("GET", "/api/v2/users/me", lambda _: Answered(body=user()))
        self.route("GET", "/api/v2/info", lambda _: Answered(body=self._info()))
        self.route("GET", "/api/v2/apikeys", lambda _: Answered(body=[self._api_key()]))
        self.route("GET", kinds, self._list)
        self.route("POST", f"/api/v2/{own}", self._post)
        self.route("GET", rf"/api/v2/{own}/(\d+)", self._read)
        self.route("PATCH", rf"/api/v2/{own}/(\d+)", self._patch)
        self.route("DELETE", rf"/api/v2/{own}/(\d+)", self._delete)
        self.route("POST", rf"/api/v2/{own}/(\d+)/(items|compounds)_links/(\d+)", self._link)
        self.route("GET", rf"/api/v2/{own}/(\d+)/items_links", self._list_links)
        self.route("POST", rf"/api/v2/{own}/(\d+)/uploads", self._post_upload)
        self.route("GET", rf"/api/v2/{own}/(\d+)/uploads", self._list_uploads)
        self.route("POST", rf"/api/v2/{own}/(\d+)/uploads/(\d+)", self._post_replacement)
        self.route("GET", rf"/api/v2/{own}/(\d+)/uploads/(\d+)", self._read_upload)
        self.route("POST", rf"/api/v2/{own}/(\d+)/comments", self._post_comment)
        self.route("GET", rf"/api/v2/{own}/(\d+)/comments", self._list_comments)
        self.route("GET", "/api/v2/compounds", self._list_compounds)
        self.route("POST", "/api/v2/compounds", self._post_compound)
        self.route("GET", r"/api/v2/compounds/(\d+)", self._read_compound)

    def _list(self, sent: Sent, kind: str) -> Answered:
        states = {int(state) for state in sent.first("state", str(NORMAL)).split(",")}
        rows = [entity for entity in self.entities[kind].values() if entity["state"] in states]
        if extended := sent.first("extended"):
            if TERM.sub("", extended).replace(" OR ", "").strip():
                return error(400, "Invalid search query", extended)
            terms = [match.groupdict() for match in TERM.finditer(extended)]
            rows = [entity for entity in rows if any(matches(entity, term) for term in terms)]
        if q := sent.first("q"):
            rows = [row for row in rows if is_like(q, row["title"]) or is_like(q, row["body"] or "")]
        is_by_id = sent.first("order") == "id"
        rows.sort(key=lambda row: row["id"] if is_by_id else row["n"], reverse=sent.first("sort") != "asc")
        hidden = () if sent.first("full") == "1" else ("body", "body_html")
        page = [self._shown(row) for row in self._page(sent, rows)]
        return Answered(body=[{name: row[name] for name in row if name not in hidden} for row in page])

    def _page(self, sent: Sent, rows: Sequence[Any]) -> Sequence[Any]:
        limit = min(int(sent.first("limit", "15")), self.page_size or 10_000)
        offset = int(sent.first("offset", "0"))
        return rows[offset : offset + limit]

    def _post(self, sent: Sent, kind: str) -> Answered:
        body = sent.json() if sent.body else {}
        key = key_of({"title": body.get("title") or "", "metadata": None})
        if key in self.refused:
            return error(422, self.refused[key], "")
        made: dict[str, Any] = {}
        if (template := int(body.get("template") or -1)) > 0:
            kept = self.entities["items_types" if kind == "items" else "experiments_templates"].get(template)
            if kept is None:
                return error(404, "Nothing to show with this id", "")
            made = {name: kept[name] for name in ("body", "category", "metadata")}
        made |= {name: body[name] for name in _SETTABLE if name in body}
        if body.get("metadata") is not None and not self.ignores_metadata_on_post:
            made["metadata"] = as_object(body["metadata"])
        return self._created(f"/{kind}/{self.add(kind, made)}")

    def add(self, kind: str, values: Mapping[str, Any]) -> int:
        self._number += 1
        entity = {"title": "Untitled", "body": None, "status": None, "category": None, "metadata": None}
        entity |= {"rating": 0, "content_type": 1, "custom_id": None, "state": NORMAL, "locked": 0}
        entity |= json.loads(json.dumps(values)) | {"id": self._number, "kind": kind}
        self.entities[kind][self._number] = entity
        self.touch(entity)
        return int(entity["id"])

    def touch(self, entity: dict[str, Any]) -> None:
        self._number += 1
        entity["n"] = self._number
        minutes, seconds = divmod(self._number, 60)
        entity["modified_at"] = f"2026-11-22 09:{minutes % 60:02}:{seconds:02}"

    def _found(self, kind: str, id_: str) -> dict[str, Any] | None:
        entity = self.entities[kind].get(int(id_))
        return entity if entity is not None and entity["state"] != DELETED else None

    def _read(self, _sent: Sent, kind: str, id_: str) -> Answered:
        entity = self._found(kind, id_)
        return nothing() if entity is None else Answered(body=self._whole(entity))

    def _patch(self, sent: Sent, kind: str, id_: str) -> Answered:
        entity, body = self._found(kind, id_), sent.json()
        if entity is None:
            return nothing()
        known = {*_SETTABLE, "action", "metadata", "bodyappend"}
        known |= {"metadatamerge"} if self.version >= 50600 else set()
        if unknown := sorted(set(body) - known):
            return error(400, "Invalid update target.", unknown[0])
        if "metadatamerge" in body:
            entity["metadata"] = merged_metadata(entity["metadata"], as_object(body["metadatamerge"]))
        if "metadata" in body:
            entity["metadata"] = as_object(body["metadata"])
        if "bodyappend" in body:
            entity["body"] = (entity["body"] or "") + body["bodyappend"]
        entity |= {name: body[name] for name in _SETTABLE if name in body}
        self.touch(entity)
        return Answered(body=self._whole(entity))

    def _delete(self, _sent: Sent, kind: str, id_: str) -> Answered:
        if self._found(kind, id_) is None:
            return nothing()
        self.delete(kind, int(id_))
        return Answered(204)

    def _link(self, _sent: Sent, kind: str, id_: str, to: str, other: str) -> Answered:
        there = self._found("items", other) if to == "items" else self.compounds.get(int(other))
        if self._found(kind, id_) is None or there is None:
            return nothing()
        self.links.add((kind, int(id_), to, int(other)))
        return self._created(f"/{kind}/{id_}/{to}_links/{other}")

    def linked(self, id_: int, kind: str = "experiments", to: str = "items") -> list[int]:
        return sorted(link[3] for link in self.links if link[:3] == (kind, id_, to))

    def _list_links(self, _sent: Sent, kind: str, id_: str) -> Answered:
        return Answered(body=self._shown_links(kind, int(id_)))

    def _shown_links(self, kind: str, id_: int) -> list[dict[str, Any]]:
        linked = [self.entities["items"][other] for other in self.linked(id_, kind)]
        return [
            {"entityid": item["id"], "title": item["title"], "link_state": item["state"], "page": "database"}
            for item in linked
        ]

    def _post_upload(self, sent: Sent, kind: str, id_: str) -> Answered:
        if self._found(kind, id_) is None:
            return nothing()
        file, comment = multipart(sent)
        return self._created(f"/{kind}/{id_}/uploads/{self.upload(kind, int(id_), file, comment)}")

    def _post_replacement(self, sent: Sent, kind: str, id_: str, subid: str) -> Answered:
        file, comment = multipart(sent)
        self.uploads[int(subid)]["state"] = ARCHIVED
        return self._created(f"/{kind}/{id_}/uploads/{self.upload(kind, int(id_), file, comment)}")

    def upload(self, kind: str, id_: int, file: tuple[str, str, bytes], comment: str | None) -> int:
        name, media_type, content = file
        self._number += 1
        self.contents[self._number] = (media_type, content)
        self.uploads[self._number] = {
            "id": self._number,
            "real_name": name,
            "long_name": f"ab/ab{self._number}.bin",
            "comment": comment or "",
            "item_id": id_,
            "type": kind,
            "created_at": "2026-11-22 09:00:00",
            "hash": hashlib.sha256(content).hexdigest(),
            "hash_algorithm": "sha256",
            "filesize": len(content),
            "state": NORMAL,
            "immutable": 0,
        }
        return self._number

    def _shown_uploads(self, kind: str, id_: int) -> list[dict[str, Any]]:
        mine = [item for item in self.uploads.values() if (item["type"], item["item_id"]) == (kind, id_)]
        return [item for item in mine if item["state"] == NORMAL]

    def _list_uploads(self, _sent: Sent, kind: str, id_: str) -> Answered:
        return Answered(body=self._shown_uploads(kind, int(id_)))

    def _read_upload(self, sent: Sent, kind: str, id_: str, subid: str) -> Answered:
        upload = self.uploads.get(int(subid))
        if self._found(kind, id_) is None or upload is None:
            return nothing()
        if sent.first("format") != "binary":
            return Answered(body=upload)
        media_type, content = self.contents[int(subid)]
        return Answered(200, content, {"Content-Type": media_type})

    def _post_comment(self, sent: Sent, kind: str, id_: str) -> Answered:
        if self._found(kind, id_) is None:
            return nothing()
        self._number += 1
        made = {"id": self._number, "item_id": int(id_), "kind": kind, "comment": sent.json()["comment"]}
        self.comments[self._number] = made
        return self._created(f"/{kind}/{id_}/comments/{self._number}")

    def _list_comments(self, _sent: Sent, kind: str, id_: str) -> Answered:
        if self._found(kind, id_) is None:
            return nothing()
        mine = [
            item for item in self.comments.values() if (item["kind"], item["item_id"]) == (kind, int(id_))
        ]
        return Answered(body=[{name: item[name] for name in item if name != "kind"} for item in mine])

    def _list_compounds(self, sent: Sent) -> Answered:
        q = sent.first("q")
        rows = [row for row in self.compounds.values() if is_like(q, f"{row['name']} {row['inchi_key']}")]
        return Answered(body=self._page(sent, rows))

    def _post_compound(self, sent: Sent) -> Answered:
        """Write a compound; one with this InChIKey is overwritten whole, and its flags are reset."""
        body = sent.json()
        texts = ("name", "smiles", "inchi", "inchi_key", "molecular_formula", "cas_number", "iupac_name")
        known = [row for row in self.compounds.values() if row["inchi_key"] == body.get("inchi_key")]
        self._number += 1
        id_ = known[0]["id"] if known and body.get("inchi_key") else self._number
        self.compounds[id_] = {"id": id_, "state": NORMAL, **{name: body.get(name, "") for name in texts}}
        self.compounds[id_] |= {flag: int(body.get(flag, 0)) for flag in _FLAGS}
        return self._created(f"/compounds/{id_}")

    def _read_compound(self, _sent: Sent, id_: str) -> Answered:
        row = self.compounds.get(int(id_))
        return nothing() if row is None else Answered(body=row)

    def _created(self, path: str) -> Answered:
        return Answered(201, None, {"Location": f"{self.address}/api/v2{path}"})

    def _shown(self, entity: Mapping[str, Any]) -> dict[str, Any]:
        metadata = entity["metadata"]
        shown = {name: value for name, value in entity.items() if name not in ("kind", "n")}
        is_text = self.metadata_is_text and metadata is not None
        shown["metadata"] = json.dumps(metadata) if is_text else metadata
        status = entity["status"]
        return shown | {
            "elabid": f"20261122-{entity['id']}",
            "type": entity["kind"],
            "status_title": {1: "Running", 2: "Success", 3: "Fail"}.get(status) if status else None,
            "category_title": {4: "Samples", 9: "Screens"}.get(entity["category"] or 0),
            "created_at": "2026-11-22 09:00:00",
            "fullname": "Ada Lovelace",
            "team": 1,
        }

    def _whole(self, entity: Mapping[str, Any]) -> dict[str, Any]:
        kind, id_ = entity["kind"], entity["id"]
        return self._shown(entity) | {
            "body_html": entity["body"],
            "metadata_decoded": entity["metadata"],
            "items_links": self._shown_links(kind, id_),
            "compounds_links": [self.compounds[other] for other in self.linked(id_, kind, "compounds")],
            "uploads": self._shown_uploads(kind, id_),
            "comments": [],
        }

    def _info(self) -> dict[str, Any]:
        major, rest = divmod(self.version, 10_000)
        return {
            "elabftw_version": f"{major}.{rest // 100}.{rest % 100}",
            "elabftw_version_int": self.version,
            "teams_count": 1,
        }

    def _api_key(self) -> dict[str, Any]:
        return {
            "id": 3,
            "name": "Assayflow",
            "can_write": self.can_write,
            "team": 1,
            "team_name": "Screening",
        }

    def delete(self, kind: str, id_: int) -> None:
        self.entities[kind][id_]["state"] = DELETED
