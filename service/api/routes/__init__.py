"""One router for each resource: parse, one command or query, answer."""

import pkgutil
from importlib import import_module

from fastapi import APIRouter


def routers() -> list[APIRouter]:
    """Return the `router` of every module here, by the modules' names: a new module needs no registration."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__))
    return [import_module(f"{__name__}.{name}").router for name in names]
