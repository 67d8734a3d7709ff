"""Which columns of a table say what was measured, whatever their spelling. Knows no cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.specs.columns import OBJECT_SYNONYMS, key
from service.exchange.tables import TableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.domains.contract import Domain


def object_headers(headers: tuple[str, ...], domain: Domain) -> dict[str, str]:
    """Return the domain's column -> header; `canonical_smiles` is read as `smiles`.

    Columns that only qualify an object are there where others name it.

    Raises:
        TableError: if two headers are other spellings of one column.
    """
    exact = {header.strip().casefold(): header for header in headers}
    own = {name: exact[name.casefold()] for name in domain.object_columns if name.casefold() in exact}
    by_key: dict[str, str] = {}
    for header in headers:
        by_key.setdefault(key(header), header)
    free = {key(header): header for header in reversed(headers) if header not in own.values()}
    found = {name: own.get(name) or _spelled_otherwise(name, headers, free) for name in domain.object_columns}
    named = {name: header for name, header in found.items() if header is not None}
    if not named and not domain.names_object(dict.fromkeys(_qualifying_keys(by_key, domain), "")):
        named = _synonymous(by_key, domain)
    if not named and not domain.needs_all_columns and "object" in by_key:  # as stored results are listed
        return {domain.object_columns[0]: by_key["object"]}
    left = {each: header for each, header in by_key.items() if header not in named.values()}
    qualifying = domain.qualifying_columns.items()
    named |= {name: left[each] for name, headers in qualifying for each in headers if each in left}
    return named if domain.names_object(named) else {}


def _qualifying_keys(by_key: Mapping[str, str], domain: Domain) -> list[str]:
    return [
        name for name, headers in domain.qualifying_columns.items() if any(each in by_key for each in headers)
    ]


def _synonymous(by_key: Mapping[str, str], domain: Domain) -> dict[str, str]:
    """Return the object's column under another name: `Structure (SMILES)`, `AA sequence`.

    Raises:
        TableError: if two may be it.
    """
    found: dict[str, str] = {}
    for plain, header in by_key.items():
        name = OBJECT_SYNONYMS.get(plain)
        if name not in domain.object_columns:
            continue
        if name in found:
            raise TableError(
                f"columns {found[name]!r} and {header!r} may both be {name}: name one so", column=header
            )
        found[name] = header
    return found


def _spelled_otherwise(name: str, headers: tuple[str, ...], free: dict[str, str]) -> str | None:
    """Take the header of an object's column that is spelled in another way out of the free ones.

    Raises:
        TableError: if two are.
    """
    plain = key(name)
    header = free.pop(plain, None)
    if header is None:
        return free.pop(f"canonical_{plain}", None)
    other = next((other for other in headers if other != header and key(other) == plain), None)
    if other is not None:
        raise TableError(
            f"columns {header!r} and {other!r} both mean {name}: name one {name!r}", column=other
        )
    return header
