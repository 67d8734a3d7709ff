"""Open a connector: its kind with its settings, its credentials, and one judged connection to its address.

Only workers call the connection; nothing is sent by opening it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import ValidationError
from sqlalchemy.orm import Session

from service.address_rules import RefusedAddressError, Resolver, check_url
from service.integrations.credentials import Bound, read
from service.lims.contract import Connector as OpenConnector
from service.lims.contract import ConnectorEnvironment
from service.lims.registry import UnknownKindError, connector_kind
from service.outbound.pinned_http import Exchange, Http, HttpEnvironment
from service.sealing import Sealer, SealingError
from service.settings import Settings
from service.store.tables import Connector

PURPOSE = "connector"
"""What a connector's credentials are sealed for."""


class UnusableConnectorError(Exception):
    """A connector cannot be opened until a person changes it, or the operator the installation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorAccount:
    """A stored connector, free of its session; `credentials` are JSON, and in no repr."""

    kind: str
    base_url: str
    settings: dict[str, Any]
    credentials: str | None

    def __repr__(self) -> str:
        return f"ConnectorAccount({self.kind}, {self.base_url})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What a connection depends on besides its address; tests and previews replace the last two."""

    on_exchange: Callable[[Exchange], None] = lambda _exchange: None
    check_cancelled: Callable[[], None] = lambda: None
    resolve: Resolver | None = None
    transport: httpx.BaseTransport | None = None


def account_of(session: Session, row: Connector, sealer: Sealer, settings: Settings) -> ConnectorAccount:
    """Return a connector with its credentials unsealed.

    Raises:
        UnusableConnectorError: if they cannot be unsealed.
    """
    return ConnectorAccount(
        kind=row.kind,
        base_url=row.base_url,
        settings=dict(row.settings),
        credentials=_credentials(session, row, sealer, settings),
    )


def open_connector(account: ConnectorAccount, settings: Settings, outside: Outside | None) -> OpenConnector:
    """Return a connector that can be called; without `outside` it has no connection and verifies hooks only.

    Raises:
        UnusableConnectorError: if its kind is not installed, its settings or credentials do not fit the kind,
            or the operator's rules refuse its address.
    """
    try:
        kind = connector_kind(account.kind)
        own = kind.Settings.model_validate(account.settings)
        credentials = kind.Credentials.model_validate_json(account.credentials or "{}")
        http = None
        if kind.manners.needs_address and outside is not None:
            http = _http(account, settings, outside)
    except (UnknownKindError, RefusedAddressError) as error:
        raise UnusableConnectorError(str(error)) from error
    except ValidationError as error:
        places = ", ".join("/".join(map(str, item["loc"])) for item in error.errors(include_input=False))
        raise UnusableConnectorError(
            f"its settings or credentials do not fit {account.kind}: {places}"
        ) from None
    return kind(own, credentials, ConnectorEnvironment(http=http, folders=settings.folder_urls))


def _http(account: ConnectorAccount, settings: Settings, outside: Outside) -> Http:
    return Http(
        account.base_url,
        HttpEnvironment(
            rules=settings.connector_rules,
            is_confidential=account.credentials is not None,
            on_exchange=outside.on_exchange,
            check_cancelled=outside.check_cancelled,
            resolve=outside.resolve,
            transport=outside.transport,
        ),
    )


def _credentials(session: Session, row: Connector, sealer: Sealer, settings: Settings) -> str | None:
    if row.secret_id is None:
        return None
    try:
        authority = authority_of(row.base_url, settings)
        return read(session, sealer, row.secret_id, Bound(row.workspace_id, PURPOSE, authority))
    except (SealingError, RefusedAddressError) as error:
        raise UnusableConnectorError(str(error)) from error


def authority_of(base_url: str, settings: Settings) -> str:
    """Return the only host to which a connector's credentials go; empty for a kind without an address.

    Raises:
        RefusedAddressError: if the operator's rules refuse the address.
    """
    return check_url(base_url, settings.connector_rules).authority if base_url else ""
