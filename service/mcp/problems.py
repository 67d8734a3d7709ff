"""Turn errors of the client into errors of tools: one line, and the rows that a model can mend."""

import functools
import json
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from mcp.server.mcpserver.exceptions import ToolError

from assayflow import ApiError, AssayflowError, ComputationError

P = ParamSpec("P")
T = TypeVar("T")
_MOST_ROWS = 50


def answered(tool: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Return the tool with errors that a model can read."""

    @functools.wraps(tool)
    async def called(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await tool(*args, **kwargs)
        except AssayflowError as error:
            raise ToolError(_text(error)) from error

    return called


def _text(error: AssayflowError) -> str:
    rows = error.rows if isinstance(error, ApiError | ComputationError) else []
    refused = [
        {name: row[name] for name in ("row", "column", "reason", "detail") if row.get(name) is not None}
        for row in rows
        if row.get("status", "rejected") == "rejected"
    ]
    if not refused:
        return str(error)
    more = f" and {len(refused) - _MOST_ROWS} more" if len(refused) > _MOST_ROWS else ""
    return f"{error}\nrejected rows: {json.dumps(refused[:_MOST_ROWS], ensure_ascii=False)}{more}"
