"""Texts of other systems as PostgreSQL can keep them."""

from typing import Any


def storable(value: Any) -> Any:
    """Return a text or JSON with what no database of texts holds replaced; anything else as it is.

    That is U+0000, and halves of surrogate pairs.
    """
    if isinstance(value, str):
        text = str(value).replace("\0", "\N{REPLACEMENT CHARACTER}")
        return text.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {storable(name): storable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value
