"""Cells that a spreadsheet shows and never runs.

A text that starts like a formula gets an apostrophe in front (OWASP, CSV injection); reading takes it off
again.
"""

from __future__ import annotations

import math
import re
from typing import Any

_TEXT_FORMULA = re.compile(r'="([^"]*)"')
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def cell_text(value: Any) -> str:
    """Return what stands in a cell: numbers in up to eight digits, missing ones blank, texts protected."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.8g}" if math.isfinite(value) else ""
    if isinstance(value, str):
        return f"'{value}" if looks_like_formula(value) else value
    return str(value)


def looks_like_formula(text: str) -> bool:
    """Return whether a spreadsheet might run the text."""
    return text.startswith(_FORMULA_STARTS) and not is_number(text)


def unprotected(text: str) -> str:
    """Return the text that `cell_text` was given, or that another program wrote as `="00042"`."""
    if text.startswith('="') and (found := _TEXT_FORMULA.fullmatch(text)):
        return found[1].strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA_STARTS) else text


def is_number(text: str) -> bool:
    """Return whether the text is a finite number with a decimal point."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
