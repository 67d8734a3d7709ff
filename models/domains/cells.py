"""Parse plain numbers in table cells. Torch-free; knows no column."""

from __future__ import annotations

import re

_DECIMAL_COMMA = re.compile(r"[+-]?(?:0,\d+|\d+,(?:\d{1,2}|\d{4,}))")
"""A comma that cannot be a thousands separator."""


def plain_number(text: str) -> float:
    """Return the number in a text, possibly infinite or NaN; `0,5` is a half, `1,000` is ambiguous.

    Raises:
        ValueError: if it is no number, or an ambiguous one.
    """
    plain = text.strip().replace("\u2212", "-")
    return float(plain.replace(",", ".") if _DECIMAL_COMMA.fullmatch(plain) else plain)
