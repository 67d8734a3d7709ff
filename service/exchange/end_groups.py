"""End groups of a peptide in columns of their own, put where the notation has them: `Ac-ACD-NH2`.

A sequence whose end groups are dropped is another peptide. Knows no campaign: the domain judges the whole text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.columns import key
from models.domains.contract import InvalidObjectError

if TYPE_CHECKING:
    from collections.abc import Mapping

SEQUENCE = "sequence"
_PLACES = ("", "inus", "inal", "inal_group", "inal_modification", "inal_cap")
END_COLUMNS = {
    f"{end}_terminus": frozenset(
        {f"{end}_term{rest}" for rest in _PLACES} | {f"{end}term", f"{end}_cap", f"{end}_modification", f"{end}_end"}
    )
    for end in ("n", "c")
}
"""Column -> the keys of headers that name it."""
_CAPS = {
    "n_terminus": {"H": ("h", "free", "h2n", "nh2", "amine", "free amine"), "Ac": ("ac", "acetyl", "acetylated")},
    "c_terminus": {
        "OH": ("oh", "free", "acid", "cooh", "free acid", "carboxyl"),
        "NH2": ("nh2", "amide", "amidated", "conh2", "am"),
    },
}
_WRITTEN = {column: {word: cap for cap, words in caps.items() for word in words} for column, caps in _CAPS.items()}


def end_headers(headers: tuple[str, ...]) -> dict[str, str]:
    """Return the end's column -> header."""
    return {column: header for column, keys in END_COLUMNS.items() for header in headers if key(header) in keys}


def with_ends(fields: Mapping[str, str]) -> Mapping[str, str]:
    """Return an object's fields with the end groups of their columns in the sequence.

    Raises:
        InvalidObjectError: if one is not understood.
    """
    ends = {column: fields[column] for column in END_COLUMNS if column in fields}
    if not ends:
        return fields
    rest = {name: text for name, text in fields.items() if name not in ends}
    if SEQUENCE not in rest:
        return rest
    first, last = (_cap(column, ends.get(column, "")) for column in END_COLUMNS)
    return rest | {SEQUENCE: "-".join(part for part in (first, rest[SEQUENCE].strip(), last) if part)}


def _cap(column: str, text: str) -> str:
    plain = " ".join(text.casefold().strip("-– ").split())  # noqa: RUF001 - dashes as people type them
    if not plain:
        return ""
    if plain not in _WRITTEN[column]:
        known = ", ".join(_CAPS[column])
        raise InvalidObjectError(column, f"{text[:40]!r} is no end group that is known here ({known})")
    return _WRITTEN[column][plain]
