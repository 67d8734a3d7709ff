"""Lists of compounds that a specification names, read once for each list. Torch-free."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from rdkit import Chem, rdBase

from models.domains.collections import CollectionMissingError, CollectionReference, texts
from models.domains.contract import InvalidObjectError
from models.domains.molecules.chemistry.molecules import MAX_TEXT_LENGTH, molecule, shown
from models.domains.molecules.chemistry.reading import canonical_smiles, read_smiles
from models.domains.molecules.chemistry.stereo import flat, write_groups
from models.domains.molecules.chemistry.uploaded import is_standard
from models.domains.molecules.designs.nearest import NearestIndex
from models.specs.base import field_error, json_pointer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.domains.molecules.chemistry.reading import Tautomers

MOST_LISTED = {"leads": 2_000, "exclude": 50_000, "known": 100_000}
"""Compounds in one list, by its field."""

Listed = tuple[str, ...] | CollectionReference


def check_listed(listed: Listed, field: str) -> None:
    """Check the number of a list's structures, and that each can be read.

    A short list is read whole; the structures of a long one are only parsed.

    Raises:
        PydanticCustomError: names the field and the row.
    """
    place = json_pointer(field, "smiles")
    try:
        rows = texts(listed)
    except CollectionMissingError as error:
        raise field_error(place, str(error)) from error
    if len(rows) > MOST_LISTED[field]:
        detail = f"has {len(rows)} compounds; at most {MOST_LISTED[field]} are read"
        raise field_error(place, detail)
    is_short = field == "leads" or not isinstance(listed, CollectionReference)
    with rdBase.BlockLogs():
        for row, text in enumerate(rows):
            if reason := _why_unreadable(text, is_short=is_short):
                is_inline = not isinstance(listed, CollectionReference)
                at = json_pointer(field, "smiles", row) if is_inline else place
                raise field_error(at, reason if is_inline else f"data row {row + 1}: {reason}")


def _why_unreadable(text: str, *, is_short: bool) -> str | None:
    if is_short:
        try:
            canonical_smiles(text)
        except InvalidObjectError as error:
            return error.detail
        return None
    if "*" in text:
        return f"{shown(text)} is a part of a molecule, which only r_groups read"
    is_long = len(text) > MAX_TEXT_LENGTH
    if is_long or not text.strip() or Chem.MolFromSmiles(text, sanitize=False) is None:
        return f"{shown(text)} is not a valid SMILES"
    return None


@lru_cache(maxsize=16)
def compounds(listed: Listed, tautomers: Tautomers) -> tuple[str, ...]:
    """Return the canonical texts of a list; of a record with several compounds, all of them."""
    if isinstance(listed, CollectionReference) and is_standard(listed, tautomers):
        return tuple(dict.fromkeys(text for text in texts(listed) if text))
    rows = texts(listed, is_sent=True)
    return tuple(dict.fromkeys(text for row in rows for text in _read(row, tautomers)))


def _read(text: str, tautomers: Tautomers) -> Iterator[str]:
    try:
        yield read_smiles(text, tautomers).text
    except InvalidObjectError:
        # A mixture on a list of what others claim claims each of its parts; the rest is no object anyway.
        for part in text.split(" ", maxsplit=1)[0].split("."):
            try:
                yield read_smiles(part, tautomers).text
            except InvalidObjectError:
                continue


@lru_cache(maxsize=16)
def members(listed: Listed, tautomers: Tautomers) -> frozenset[str]:
    """Return the canonical texts of a list, for look-ups."""
    return frozenset(compounds(listed, tautomers))


@lru_cache(maxsize=16)
def skeletons(listed: Listed, tautomers: Tautomers) -> frozenset[str]:
    """Return the texts of a list's compounds without stereochemistry."""
    return frozenset(skeleton(text, tautomers) for text in compounds(listed, tautomers))


@lru_cache(maxsize=16)
def index_of(listed: Listed, tautomers: Tautomers) -> NearestIndex:
    """Return the index that finds the nearest compound of a list."""
    return NearestIndex(compounds(listed, tautomers))


def skeleton(text: str, tautomers: Tautomers) -> str:
    """Return a canonical text without stereochemistry."""
    if not any(mark in text for mark in "@/\\|"):
        return text
    return read_smiles(write_groups(flat(molecule(text))), tautomers).text
