"""Passes over everything that is waited for, page by page: what of it is gone since the pass before.

Many systems tell what they hold, and say nothing about what was deleted. A kind that reads all measurements
of the materials that are waited for uses a `Pass`: its cursor remembers which measurements there were, and a
measurement that a whole pass did not meet any more is withdrawn. It is so only if its material was looked at
and is still there, and if its source is still read: what is out of sight says nothing.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, final

from service.lims.contract import MeasuredRecord, Page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from service.lims.contract import Cursor, RemoteRecord, Scope

ANY_SOURCE = "*"
"""The source of a mapping that reads every schema or assay."""


@final
class Pass:
    """One pass, from a cursor on.

    Args:
        scope: what is waited for; another one than that of the page before begins the pass anew.
        cursor: what `page` of the page before returned.
    """

    def __init__(self, scope: Scope, cursor: Cursor | None) -> None:
        old = cursor or {}
        self._about: Mapping[str, RemoteRecord] = {item.id: item for item in scope.materials}
        self._sources = frozenset(scope.sources)
        self._scope = _digest(scope)
        self._known: dict[str, list[str]] = dict(old.get("known", {}))
        is_same = old.get("scope") == self._scope
        self.position: Any = old.get("position") if is_same else None
        """Where the pass goes on, as the kind wrote it; None at its beginning."""
        self._met: list[str] = list(old.get("met", ())) if self.position is not None else []
        self._looked_at: list[str] = list(old.get("looked_at", ())) if self.position is not None else []

    def page(
        self,
        measurements: Sequence[MeasuredRecord],
        looked_at: Iterable[str],
        position: Any,
        content: bytes,
    ) -> Page:
        """Return a page with what the pass knows by now.

        Args:
            measurements: of this page.
            looked_at: ids of materials that are there and whose measurements the pass reads.
            position: where it goes on; None ends the pass, and what it did not meet is withdrawn.
            content: the page as it came.
        """
        self._met += [item.id for item in measurements]
        self._looked_at += looked_at
        self._known |= {item.id: [item.about.id, item.source] for item in measurements}
        gone = self._gone() if position is None else ()
        cursor: Cursor = {"scope": self._scope, "known": self._known}
        if position is not None:
            cursor |= {"position": position, "met": self._met, "looked_at": self._looked_at}
        return Page(
            measurements=[*measurements, *gone],
            cursor=cursor,
            more=position is not None,
            content=content,
        )

    def _gone(self) -> Sequence[MeasuredRecord]:
        """Forget what was not met, and return as withdrawn what was certainly looked for."""
        looked_at = set(self._looked_at)
        missing = {item: self._known.pop(item) for item in self._known.keys() - set(self._met)}
        withdrawn = []
        for item, (material, source) in sorted(missing.items()):
            if material not in self._about or not self._reads(source):
                continue
            if material not in looked_at:
                self._known[item] = [material, source]
                continue
            about = self._about[material]
            withdrawn.append(_withdrawn(item, source, about))
        return withdrawn

    def _reads(self, source: str) -> bool:
        return source in self._sources or ANY_SOURCE in self._sources


def _withdrawn(item: str, source: str, about: RemoteRecord) -> MeasuredRecord:
    return MeasuredRecord(
        id=item, source=source, about=about, fields={}, version="gone", standing="withdrawn"
    )


def _digest(scope: Scope) -> str:
    parts = sorted(item.id for item in scope.materials), sorted(scope.sources), scope.folder
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
