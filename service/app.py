"""The HTTP application: the only place that wires routers, handlers, middleware and what they share.

Importing it loads no torch; building it opens no connection.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from threading import Thread

from anyio.to_thread import current_default_thread_limiter
from fastapi import Depends, FastAPI
from starlette.middleware import Middleware

from assayflow import __version__
from service.api.admission import Admission, n_follower_connections, open_limiters
from service.api.dependencies import identify
from service.api.documentation import DESCRIPTION, TAGS, describe
from service.api.metrics import Metrics
from service.api.middleware import RequestContext
from service.api.outgoing import declare_webhooks
from service.api.polling import Poller
from service.api.problems import install_problem_handlers
from service.api.query import refuse_unknown_query
from service.api.receiving import BodyLimits
from service.api.routes import routers
from service.campaigns.list_contents import contents_from, read_contents_from
from service.children import Children, Limits
from service.dispatch import CelerySender, deliver
from service.integrations.credentials import warn_of_missing_keys
from service.readiness import Readiness
from service.sealing import open_sealer
from service.settings import Settings
from service.store.metrics import count_jobs, count_rounds
from service.store.session import make_sessions, open_engine


def create_app(settings: Settings) -> FastAPI:
    """Return the application.

    Args:
        settings: names the database and the queue; see `service.local.servers` for those of one machine.

    Raises:
        RuntimeError: if it does not.
    """
    engine = open_engine(
        settings.required_database_url(), pool_size=settings.database_connections, max_overflow=0
    )
    sessions = make_sessions(engine)
    sender = CelerySender(settings.required_redis_url())
    deliver(sessions, sender)
    limits = BodyLimits(settings.max_upload_bytes, settings.body_idle_seconds, settings.body_seconds)
    read_contents_from(sessions)
    children = Children(
        Limits(settings.child_processes, settings.child_memory_bytes), partial(contents_from, sessions)
    )
    metrics = Metrics(partial(count_rounds, sessions), partial(count_jobs, sessions))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        threads = current_default_thread_limiter()
        threads.total_tokens = max(threads.total_tokens, settings.database_connections)
        children.warm()
        # in a thread that holds nothing up, because the database may not be there yet
        Thread(target=warn_of_missing_keys, args=(sessions, open_sealer(settings)), daemon=True).start()
        yield
        children.close()
        sender.close()
        engine.dispose()

    app = FastAPI(
        title="Assayflow",
        version=__version__,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        openapi_url=None,  # `describe` serves it, by the rules of all routes
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,  # generated clients name their calls by it
        dependencies=[Depends(refuse_unknown_query)],
        lifespan=lifespan,
        middleware=[
            Middleware(RequestContext, metrics=metrics),
            Middleware(
                Admission,
                identify=partial(identify, sessions),
                limiters=open_limiters(settings),
                limits=limits,
            ),
        ],
    )
    app.state.sessions, app.state.sender, app.state.metrics = sessions, sender, metrics
    app.state.settings, app.state.readiness, app.state.children = settings, Readiness(settings), children
    app.state.poller = Poller(n_follower_connections(settings), settings.max_streams)
    for router in routers():
        app.include_router(router)
    install_problem_handlers(app)
    declare_webhooks(app)
    describe(app)
    return app
