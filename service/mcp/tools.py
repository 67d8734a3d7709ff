"""Families of tools: methods of a class, found by their mark."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations

from assayflow import AsyncClient
from service.mcp.problems import answered

Method = TypeVar("Method", bound=Callable[..., Awaitable[Any]])
_MARK = "_annotations_of_tool"


def tool(annotations: ToolAnnotations) -> Callable[[Method], Method]:
    """Mark a method as a tool; its name, text and types are the tool's."""

    def mark(method: Method) -> Method:
        setattr(method, _MARK, annotations)
        return method

    return mark


class Tools:
    """A family of tools.

    Args:
        client: calls the API with the caller's key.
    """

    def __init__(self, client: AsyncClient) -> None:
        self.client = client

    def add_to(self, server: MCPServer[Any]) -> None:
        """Offer every tool of this family."""
        for method, annotations in self._marked():
            server.tool(annotations=annotations)(answered(method))

    def _marked(self) -> Iterator[tuple[Any, ToolAnnotations]]:
        for name, method in vars(type(self)).items():
            if hasattr(method, _MARK):
                yield getattr(self, name), getattr(method, _MARK)
