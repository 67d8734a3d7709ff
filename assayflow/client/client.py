"""The two clients: an address, a key, and one family of calls for each resource."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Generic, final

from assayflow.client.errors import AssayflowError
from assayflow.client.operations import Transport_co
from assayflow.client.patience import Patience
from assayflow.client.resources.campaigns import Campaigns, Domains
from assayflow.client.resources.collections import Collections
from assayflow.client.resources.connectors import Connectors, Links
from assayflow.client.resources.inference import Backtests, InsightsOf, PredictionsOf, SamplesOf
from assayflow.client.resources.keys import ApiKeys
from assayflow.client.resources.plates import Plates
from assayflow.client.resources.results import Readings, Results, Uploads
from assayflow.client.resources.rounds import Batches, Candidates, Rounds
from assayflow.client.resources.webhooks import Events, Webhooks
from assayflow.client.transport import AsyncTransport, SyncTransport

if TYPE_CHECKING:
    import httpx

HERE = "http://127.0.0.1:8000"
"""Where `assayflow serve` listens."""
URL_VARIABLE = "ASSAYFLOW_URL"
KEY_VARIABLES = ("ASSAYFLOW_API_KEY", "ASSAYFLOW_KEY")


class Resources(Generic[Transport_co]):
    """Every resource of the API.

    Args:
        transport: carries the calls out.
    """

    def __init__(self, transport: Transport_co) -> None:
        self.transport = transport
        self.campaigns = Campaigns(transport)
        self.collections = Collections(transport)
        self.results = Results(transport)
        self.uploads = Uploads(transport)
        self.readings = Readings(transport)
        self.rounds = Rounds(transport)
        self.batches = Batches(transport)
        self.candidates = Candidates(transport)
        self.plates = Plates(transport)
        self.samples = SamplesOf(transport)
        self.predictions = PredictionsOf(transport)
        self.insights = InsightsOf(transport)
        self.backtests = Backtests(transport)
        self.keys = ApiKeys(transport)
        self.domains = Domains(transport)
        self.connectors = Connectors(transport)
        self.links = Links(transport)
        self.webhooks = Webhooks(transport)
        self.events = Events(transport)


@final
class Client(Resources[SyncTransport]):
    """A client of the HTTP API, used as a context manager.

    Args:
        url: the address of the service, without `/v1`; `ASSAYFLOW_URL`, or this machine, when absent.
        key: the API key; `ASSAYFLOW_API_KEY` when absent. It is sent with every request and never shown.
        patience: how long a failed request is repeated.
        transport: sends the requests, such as a transport of a test.

    Raises:
        AssayflowError: if there is no key, or this is no valid address.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        patience: Patience | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        address, secret = connection(url, key)
        super().__init__(SyncTransport(address, secret, patience or Patience(), transport))

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.transport.close()


@final
class AsyncClient(Resources[AsyncTransport]):
    """A client of the HTTP API whose calls are coroutines, used as an asynchronous context manager.

    Args:
        url: as for `Client`.
        key: as for `Client`.
        patience: how long a failed request is repeated.
        transport: sends the requests, such as a transport of a test.

    Raises:
        AssayflowError: if there is no key, or this is no valid address.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        patience: Patience | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        address, secret = connection(url, key)
        super().__init__(AsyncTransport(address, secret, patience or Patience(), transport))

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self.transport.close()


def connection(url: str | None, key: str | None) -> tuple[str, str]:
    """Return the address and the key that are given or in the environment.

    Raises:
        AssayflowError: if there is no key; the message says where one comes from.
    """
    address = url or os.environ.get(URL_VARIABLE) or HERE
    stored = next((os.environ[name] for name in KEY_VARIABLES if os.environ.get(name)), "")
    secret = (key or stored).strip()
    if not secret:
        raise AssayflowError(
            f"an API key is needed for {address}: set {KEY_VARIABLES[0]}, or give --key (key= in Python). "
            "`assayflow serve` prints a key at its first start; `assayflow keys create NAME`, run in the "
            "folder where the service runs, makes another one"
        )
    return address, secret
