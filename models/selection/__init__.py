"""Batch selectors, one file each, named like the selector; each file defines `select`.

Knows similarities, not what the objects are.
"""

from importlib import import_module

from models.selection.contract import Selector
from models.specs.decisions import SELECTORS


def get_selector(name: str) -> Selector:
    """Return the selector of that name.

    Raises:
        ValueError: if there is no such selector.
    """
    if name not in SELECTORS:
        raise ValueError(f"selector must be one of {', '.join(SELECTORS)}, not {name!r}")
    selector: Selector = import_module(f"{__name__}.{name}").select
    return selector
