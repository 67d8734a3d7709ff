"""Regular expressions from users, in an engine with time linear in the text. Torch-free.

Python's `re` backtracks: a pattern such as `([A-Z]+)+!` never ends on a sequence of sixty residues, and holds
the interpreter meanwhile. RE2 simulates an automaton instead (https://swtch.com/~rsc/regexp/regexp3.html), so
it has neither look-around nor back-references.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import re2

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PATTERN_LENGTH = 1_000
MAX_MEMORY = 2**20
"""Bytes that one compiled expression may take."""


def searching(pattern: str) -> Callable[[str], bool]:
    """Return whether an expression occurs in a text, in upper or lower case.

    Raises:
        ValueError: if it is no expression of RE2, too large, or matches every text.
    """
    pattern = pattern.strip()
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise ValueError(f"the pattern has {len(pattern)} characters; at most {MAX_PATTERN_LENGTH} are read")
    options = re2.Options()
    options.case_sensitive, options.log_errors, options.max_mem = False, False, MAX_MEMORY
    try:
        expression = re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(f"{pattern[:80]!r} is no regular expression that is read here: {_reason(error)}") from error
    if expression.search(""):
        raise ValueError(f"{pattern[:80]!r} is found in every sequence")
    return lambda text: expression.search(text) is not None


def _reason(error: Exception) -> str:
    detail = error.args[0] if error.args else ""
    reason = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
    if "perl operator: (?" in reason or "invalid escape sequence" in reason:
        return f"{reason} (RE2 has no look-around and no back-references)"
    return reason
