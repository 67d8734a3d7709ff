"""Hear hooks of other systems: verify the raw bytes, and let the connector look for changes now.

A hook carries no data: what has changed is read by the connector itself. Nothing is sent here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import structlog

from service.integrations.opening import UnusableConnectorError, account_of, open_connector
from service.lims.registry import UnknownKindError, connector_kind
from service.outbox.waking import wake
from service.sealing import open_sealer
from service.store import hook_events, lims
from service.store.tables import Connector

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy.orm import Session

    from service.lims.contract import Hint
    from service.settings import Settings

_log = structlog.get_logger(__name__)


@final
@dataclass(frozen=True, slots=True)
class SentHook:
    """A hook as it arrived, with the raw bytes of its body."""

    headers: Mapping[str, str]
    body: bytes


def hear(session: Session, settings: Settings, connector_id: UUID, sent: SentHook) -> bool:
    """Let a connector look for changes now, if a hook of its system is genuine; return whether it is.

    The same event heard again is genuine and has no effect. A paused connector hears nothing.
    """
    row = hook_events.find_connector(session, connector_id)
    if row is None or row.status == "paused" or not _sends_hooks(row.kind):
        return False
    hint = _verified(session, settings, row, sent)
    if hint is None:
        return False
    if hint.event_id is None or hook_events.is_new(session, row.id, hint.event_id):
        wake(session, Connector, row.id)
        lims.pull_now(session, row.id)
    return True


def _sends_hooks(kind: str) -> bool:
    try:
        return connector_kind(kind).manners.is_push
    except UnknownKindError:
        return False


def _verified(session: Session, settings: Settings, row: Connector, sent: SentHook) -> Hint | None:
    """Return what the connector's kind says of a hook; one that it cannot verify is not genuine."""
    try:
        account = account_of(session, row, open_sealer(settings), settings)
        kind = open_connector(account, settings, None)
    except UnusableConnectorError as error:
        _log.warning("hook not verified", connector=str(row.id), problem=str(error))
        return None
    try:
        hint = kind.verify_hook(sent.headers, sent.body)
    except Exception as error:  # noqa: BLE001 - a stranger's bytes must not show what they broke
        _log.warning("hook not verified", connector=str(row.id), problem=type(error).__name__)
        return None
    if hint is None:
        _log.warning("hook not verified", connector=str(row.id), problem="it is not genuine, or too old")
    return hint
