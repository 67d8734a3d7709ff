"""One pass over all records for what is new, corrected or gone, and what the cursor keeps of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from service.lims.contract import MeasuredRecord
from service.lims.kinds.kadi4mat.api import PER_PAGE
from service.lims.kinds.kadi4mat.extras import Extra, Found, Place, measurements

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from service.lims.contract import Cursor, RemoteRecord, Scope
    from service.lims.kinds.kadi4mat.api import Api

Known = dict[str, tuple[str, str]]
"""Measurement -> its source and the digest of its fields."""


@final
@dataclass(slots=True)
class Sweep:
    """How far a pass came, and what was read of each record before.

    The collections are listed first, a hundred records per request. Records that none of them holds are
    then read one by one. So neither a record that moved between two pages is missed, nor one that was taken
    out of its collection. A record that is gone withdraws its measurements.
    """

    known: dict[str, Known]
    done: set[str]
    order: int = 0
    page: int = 1

    @classmethod
    def read(cls, cursor: Cursor | None) -> Sweep:
        """Return the pass of a cursor; a new one for None."""
        cursor = cursor or {}
        known = {
            id_: {name: (source, digest) for name, (source, digest) in found.items()}
            for id_, found in cursor.get("known", {}).items()
        }
        return cls(known, set(cursor.get("done", ())), cursor.get("order", 0), cursor.get("page", 1))

    def cursor(self, scope: Scope) -> tuple[Cursor, bool]:
        """Return where the next call goes on, and whether this pass has more to read."""
        wanted = {material.id for material in scope.materials}
        more = any(int(order.id) >= self.order for order in scope.orders) or bool(wanted - self.done)
        kept: Cursor = {"known": {id_: found for id_, found in self.known.items() if found and id_ in wanted}}
        if more:
            kept |= {"done": sorted(self.done), "order": self.order, "page": self.page}
        return kept, more

    def next_records(self, api: Api, scope: Scope, contents: list[bytes]) -> Mapping[str, Extra | None]:
        """Return the next records by id that are waited for; None stands for one that is gone."""
        wanted = {material.id for material in scope.materials} - self.done
        order = min((int(order.id) for order in scope.orders if int(order.id) >= self.order), default=None)
        if order is None:
            alone = sorted(wanted, key=int)[:PER_PAGE]
            found = {id_: api.found(f"/records/{id_}", contents) for id_ in alone}
        else:
            listed = {str(record["id"]): record for record in self._listed(api, order, contents)}
            found = {id_: record for id_, record in listed.items() if id_ in wanted}
        self.done |= found.keys()
        return found

    def _listed(self, api: Api, order: int, contents: list[bytes]) -> list[Extra]:
        # The order of creation is not changed by an edit between two pages.
        params = {"page": self.page, "per_page": PER_PAGE, "sort": "created_at"}
        listed = api.found(f"/collections/{order}/records", contents, params)
        if listed is None or self.page >= listed["_pagination"]["total_pages"]:
            self.order, self.page = order + 1, 1
        else:
            self.page += 1
        return listed["items"] if listed else []


@final
@dataclass(frozen=True, slots=True)
class Reader:
    """Compares records with what was known of them."""

    api: Api
    place: Place
    sources: frozenset[str]
    now: Callable[[], datetime]

    def changed(self, material: RemoteRecord, record: Extra | None, sweep: Sweep) -> list[MeasuredRecord]:
        """Return what changed in a record since it was read last; `None` is one that is gone.

        The content is that of one revision, whose number is the version.
        """
        before = sweep.known.get(material.id, {})
        if record is not None and self._known(self._found(material, record["extras"])) == before:
            return []
        revisions = record and self.api.found(f"/records/{material.id}/revisions", [], {"per_page": 1})
        latest = revisions["items"][0] if revisions else None
        version = str(latest["id"]) if latest else f"deleted-{self.now().isoformat()}"
        present = self._found(material, latest["data"]["extras"] if latest else [])
        after = self._known(present)
        sweep.known[material.id] = after
        final = [
            MeasuredRecord(
                id=found.id, source=found.source, about=material, fields=found.fields, version=version
            )
            for found in present.values()
            if found.id in after and after[found.id] != before.get(found.id)
        ]
        return final + [
            MeasuredRecord(
                id=id_, source=source, about=material, fields={}, version=version, standing="withdrawn"
            )
            for id_, (source, _) in before.items()
            if id_ not in present
        ]

    def _found(self, material: RemoteRecord, extras: list[Extra]) -> dict[str, Found]:
        return {found.id: found for found in measurements(material.id, extras, self.place)}

    def _known(self, present: Mapping[str, Found]) -> Known:
        return {
            found.id: (found.source, found.digest)
            for found in present.values()
            if found.source in self.sources or "*" in self.sources
        }
