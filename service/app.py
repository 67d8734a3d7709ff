"""The HTTP application: the only place that wires routers, handlers, middleware and what they share.

Importing it loads no torch; building it opens no connection.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI
from starlette.middleware import Middleware

from service.api import (
    api_keys,
    backtests,
    batches,
    campaigns,
    candidates,
    domains,
    insights,
    operators,
    predictions,
    results,
    rounds,
    samples,
    uploads,
)
from service.api.documentation import DESCRIPTION, TAGS, describe
from service.api.metrics import Metrics
from service.api.middleware import BodyLimit, RequestContext
from service.api.problems import install_problem_handlers
from service.children import Children, Limits
from service.dispatch import CelerySender, deliver
from service.settings import Settings
from service.store.figures import count_jobs, count_rounds
from service.store.session import make_sessions, open_engine

ROOMS = (domains, campaigns, results, uploads, rounds, batches, candidates, samples, predictions, insights, backtests)
ROUTERS = tuple(room.router for room in (*ROOMS, api_keys, operators))


def create_app(settings: Settings) -> FastAPI:
    """Return the application.

    Args:
        settings: names the database and the queue; see `service.embedded` for those of one machine.

    Raises:
        RuntimeError: if it does not.
    """
    engine = open_engine(settings.required_database_url())
    sessions = make_sessions(engine)
    sender = CelerySender(settings.required_redis_url())
    deliver(sessions, sender)
    children = Children(Limits(settings.child_processes, settings.child_memory_bytes))
    metrics = Metrics(partial(count_rounds, sessions), partial(count_jobs, sessions))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        children.warm()
        yield
        children.close()
        sender.close()
        engine.dispose()

    app = FastAPI(
        title="Assayflow",
        version=_version(),
        description=DESCRIPTION,
        openapi_tags=TAGS,
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        middleware=[
            Middleware(RequestContext, metrics=metrics),
            Middleware(BodyLimit, max_bytes=settings.max_upload_bytes),
        ],
    )
    app.state.sessions, app.state.sender, app.state.metrics = sessions, sender, metrics
    app.state.settings, app.state.children = settings, children
    for router in ROUTERS:
        app.include_router(router)
    install_problem_handlers(app)
    describe(app)
    return app


def _version() -> str:
    try:
        return version("assayflow")
    except PackageNotFoundError:
        return "0+source"  # run from a checkout that is not installed
