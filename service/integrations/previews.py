"""What a link would send and read, shown without sending anything but questions.

The kind runs as it does in a lane, on a connection that holds back the first write of each attempt. A body
that depends on the answer to an earlier write is therefore not known, and the preview says so.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from pydantic import SecretStr

from service.address_rules import RefusedAddressError
from service.integrations.captured_requests import (
    CapturedRequest,
    CapturingTransport,
    WriteHeldBack,
    secret_texts,
)
from service.integrations.checks import UNANSWERED
from service.integrations.opening import Outside, UnusableConnectorError, open_connector
from service.lims.contract import AccessDeniedError, Refused, RemoteRecord
from service.lims.registry import connector_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from service.integrations.opening import ConnectorAccount
    from service.lims.contract import Connector, Material, MeasuredRecord, Order, Scope
    from service.settings import Settings

MOST_MATERIALS = 5
MOST_MEASUREMENTS = 20
MOST_PAGES = 5
"""Pages of changes that are read for a preview."""
LONGEST_DETAIL = 500
REFUSED = (AccessDeniedError, UnusableConnectorError, RefusedAddressError, *UNANSWERED)
BUGS = (AssertionError, AttributeError, LookupError, NotImplementedError, TypeError, ValueError)
"""What a kind raises by mistake."""
_log = structlog.get_logger(__name__)
_UNKNOWN = "known once it is written"
_NOT_THERE = (
    "some candidates are not there yet, and an order names them by the ids that they get: it is shown "
    f"with <id of ..., {_UNKNOWN}> in their place, or not at all"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a preview shows: the first materials of a batch, its order, and what is waited for."""

    account: ConnectorAccount
    settings: Settings
    materials: Sequence[Material]
    order: Order | None
    scope: Scope

    @property
    def unwritten(self) -> bool:
        """Whether the order names materials that are not there yet."""
        return self.order is not None and any(_UNKNOWN in item.id for item in self.order.materials)


class Shown(NamedTuple):
    """What would be sent, as JSON, and what could not be shown."""

    materials: list[dict[str, Any]]
    order: list[dict[str, Any]]
    notes: list[str]


def unknown_record(material: Material) -> RemoteRecord:
    """Return what stands for a material's record while it is not there."""
    return RemoteRecord(type="material", id=f"<id of {material.key}, {_UNKNOWN}>", key=material.key)


def show_writes(wanted: Wanted, outside: Outside) -> Shown:
    """Return what would be sent for the materials and the order of a batch."""
    try:
        kind = connector_kind(wanted.account.kind)
        if kind.manners.needs_address:
            return _show_requests(wanted, outside, kind)
        return _show_files(wanted, outside)
    except REFUSED as error:
        return Shown([], [], [f"nothing could be tried: {_short(error)}"])


def read_measurements(wanted: Wanted, outside: Outside) -> tuple[list[MeasuredRecord], list[str]]:
    """Return the last measurements that the system has of what is waited for, and what could not be read."""
    found: list[MeasuredRecord] = []
    notes = []
    try:
        kind = open_connector(wanted.account, wanted.settings, outside)
        cursor, n_files = None, 0
        for _ in range(MOST_PAGES):
            page = kind.changes(wanted.scope, cursor)
            found += page.measurements
            n_files += len(page.files)
            cursor = page.cursor
            if not page.more:
                break
        else:
            notes.append(
                f"there are more measurements than {MOST_PAGES} pages hold; later ones are not shown"
            )
        if n_files:
            notes.append(f"{n_files} files of results wait there; a file is read when the link pulls")
    except REFUSED as error:
        notes.append(f"measurements could not be read: {_short(error)}")
    return found[-MOST_MEASUREMENTS:], notes


def _show_requests(wanted: Wanted, outside: Outside, kind: type[Connector]) -> Shown:
    secrets = secret_texts(wanted.account.credentials)
    transport = CapturingTransport(kind.is_question, secrets, outside.transport)
    opened = open_connector(wanted.account, wanted.settings, replace(outside, transport=transport))
    opened.check()  # signs in, so that what is held back is a write
    transport.is_armed = True
    notes: list[str] = []
    materials = []
    left = list(wanted.materials)
    while left:
        held, written = _attempt(partial(opened.put_materials, left), [item.key for item in left], notes)
        materials += held
        left = [item for item in left if item.key not in written]
    order: list[dict[str, Any]] = []
    if wanted.order is not None and kind.manners.sends_orders:
        order, _ = _attempt(partial(opened.put_order, wanted.order), [wanted.order.key], notes)
        if wanted.unwritten:
            notes.append(_NOT_THERE)
    if materials or order:
        notes.append(
            "each is the first request that writes; a further one may follow, which depends on its answer"
        )
    return Shown(materials, order, list(dict.fromkeys(notes)))


def _attempt(
    write: Callable[[], object], keys: Sequence[str], notes: list[str]
) -> tuple[list[dict[str, Any]], set[str]]:
    """Return the request that a kind would send first, and the keys that it writes: at least one."""
    try:
        answer = write()
    except WriteHeldBack as held:
        text = (held.request.content.decode("utf-8", "replace") + held.request.path).casefold()
        named = [key for key in keys if key.casefold() in text] or [keys[0]]
        return [held.request.as_json(named)], set(named)
    except REFUSED as error:
        notes.append(f"{keys[0]}: {_short(error)}")
        return [], {keys[0]}
    except BUGS as error:  # a kind may trip over an id that stands for one that is not known yet
        _log.exception("preview failed", key=keys[0])
        notes.append(f"{keys[0]}: it cannot be shown ({type(error).__name__}); see the worker's log")
        return [], {keys[0]}
    answers = answer if isinstance(answer, Sequence) else [answer]
    notes += [
        f"nothing would be written for {key}: {_told(item)}" for key, item in zip(keys, answers, strict=False)
    ]
    return [], set(keys)


def _told(answer: object) -> str:
    if isinstance(answer, RemoteRecord):
        return f"it is there already, as {answer.type} {answer.id}"
    return _short(answer.detail if isinstance(answer, Refused) else "a task of the system decides")


def _show_files(wanted: Wanted, outside: Outside) -> Shown:
    """Let a kind without an address write into folders that are made for it, and show what it wrote."""
    with tempfile.TemporaryDirectory(prefix="assayflow-preview-") as scratch:
        roots = {name: Path(scratch, str(index)) for index, name in enumerate(wanted.settings.folder_urls)}
        for root in roots.values():
            root.mkdir()
        folders = {name: SecretStr(str(root)) for name, root in roots.items()}
        settings = wanted.settings.model_copy(update={"folders": folders})
        opened = open_connector(wanted.account, settings, outside)
        opened.check()  # makes what it needs
        known = set(_files(roots))
        if wanted.materials and opened.manners.sends_materials:
            opened.put_materials(wanted.materials)
        materials = _written(roots, known, [item.key for item in wanted.materials])
        known |= set(_files(roots))
        order: list[dict[str, Any]] = []
        if wanted.order is not None and opened.manners.sends_orders:
            opened.put_order(wanted.order)
            order = _written(roots, known, [wanted.order.key])
        return Shown(materials, order, [])


def _files(roots: Mapping[str, Path]) -> Iterator[tuple[str, Path]]:
    """Yield the files in folders, with the folders' names."""
    for name, root in roots.items():
        yield from ((name, file) for file in sorted(root.rglob("*")) if file.is_file())


def _written(
    roots: Mapping[str, Path], known: set[tuple[str, Path]], keys: Sequence[str]
) -> list[dict[str, Any]]:
    found = []
    for name, file in _files(roots):
        if (name, file) not in known:
            path = f"{name}/{file.relative_to(roots[name])}"
            found.append(CapturedRequest("WRITE", path, None, file.read_bytes()).as_json(keys))
    return found


def _short(found: object) -> str:
    return str(found)[:LONGEST_DETAIL]
