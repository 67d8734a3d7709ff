"""Discovery of the installed domains: sub-packages and the entry-point group `assayflow.domains`.

A new domain is one new folder that exports `PLUGIN`; nothing here names a kind.
"""

import pkgutil
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from models.domains.contract import Domain, Plugin
from models.specs.base import DomainSpec

ENTRY_POINT_GROUP = "assayflow.domains"


@cache
def installed() -> dict[str, Plugin]:
    """Return every installed domain by kind.

    Raises:
        ValueError: if two domains claim the same kind.
    """
    packages = [import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__) if info.ispkg]
    plugins = [cast("Plugin", package.PLUGIN) for package in packages]
    plugins += [cast("Plugin", entry.load()) for entry in entry_points(group=ENTRY_POINT_GROUP)]
    by_kind: dict[str, Plugin] = {}
    for plugin in plugins:
        if by_kind.setdefault(plugin.kind, plugin) is not plugin:
            message = f"two installed domains claim the kind {plugin.kind!r}"
            raise ValueError(message)
    return dict(sorted(by_kind.items()))


def open_domain(spec: DomainSpec) -> Domain:
    """Return the domain that a validated specification describes."""
    return installed()[spec.kind].open(spec)
