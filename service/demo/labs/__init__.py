"""One module per kind of domain that has a demonstration, discovered by name: each exports `CASE`."""

import pkgutil
from importlib import import_module

from service.demo.labs.case import Case

_SHARED = ("case", "simulated")


def kinds() -> list[str]:
    """Return the kinds of domains with a demonstration."""
    return sorted(info.name for info in pkgutil.iter_modules(__path__) if info.name not in _SHARED)


def open_case(kind: str) -> Case:
    """Return the demonstration of a kind of domain.

    Raises:
        LookupError: if there is none.
    """
    if kind not in kinds():
        raise LookupError(f"no demonstration for {kind!r}; there is one for {', '.join(kinds())}")
    case: Case = import_module(f"{__name__}.{kind}").CASE
    return case
