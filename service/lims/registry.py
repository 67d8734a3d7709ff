"""Find the kinds of connectors: modules of `service.lims.kinds`, and entry points `assayflow.connectors`."""

from __future__ import annotations

import inspect
import pkgutil
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from service.lims import kinds as package
from service.lims.contract import Connector

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

GROUP = "assayflow.connectors"


class UnknownKindError(LookupError):
    """No connector of this kind is installed."""


@cache
def connector_kinds() -> Mapping[str, type[Connector]]:
    """Return the kinds by name, those of this product and of installed packages."""
    modules = (
        import_module(f"{package.__name__}.{item.name}") for item in pkgutil.iter_modules(package.__path__)
    )
    found = [kind for module in modules for kind in _defined_in(module)]
    found += [point.load() for point in entry_points(group=GROUP)]
    names = [kind.kind for kind in found]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise RuntimeError(f"two connectors are called {doubled[0]}: remove the package with one of them")
    return dict(sorted((kind.kind, kind) for kind in found))


def connector_kind(name: str) -> type[Connector]:
    """Return a kind by its name.

    Raises:
        UnknownKindError: if none is installed; the message names those that are.
    """
    try:
        return connector_kinds()[name]
    except KeyError:
        raise UnknownKindError(
            f"no connector of kind {name!r}; there are {', '.join(connector_kinds())}"
        ) from None


def _defined_in(module: ModuleType) -> list[type[Connector]]:
    classes = (item for _, item in inspect.getmembers(module, inspect.isclass))
    return [
        item
        for item in classes
        if issubclass(item, Connector) and item.__module__ == module.__name__ and not inspect.isabstract(item)
    ]
