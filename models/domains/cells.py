"""A bare number as people write it in a table. Torch-free; knows no column."""

from __future__ import annotations

import re

_DECIMAL_COMMA = re.compile(r"[+-]?(?:0,\d+|\d+,(?:\d{1,2}|\d{4,}))")
"""A comma that cannot set thousands apart."""


def plain_number(text: str) -> float:
    """Return the number that a text is, which may be infinite or none; `0,5` is a half, `1,000` may be two numbers.

    Raises:
        ValueError: if it is no number, or may be two.
    """
    plain = text.strip().replace("\u2212", "-")
    return float(plain.replace(",", ".") if _DECIMAL_COMMA.fullmatch(plain) else plain)
