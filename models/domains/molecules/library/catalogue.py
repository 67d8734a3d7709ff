"""The molecules of a list in order, with what their source calls them. Torch-free; knows no round.

A list of a million molecules takes some hundred megabytes: texts are held, and everything else stays in the
content of the collection, of which one row is read when somebody asks for it.
"""

from __future__ import annotations

import csv
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, final

import numpy as np

from models.domains import collections
from models.domains.collections import CollectionMissingError, CollectionReference
from models.domains.contract import InvalidObjectError
from models.domains.molecules.chemistry.molecules import COLUMN
from models.domains.molecules.chemistry.reading import canonical_smiles, read_smiles
from models.domains.molecules.chemistry.uploaded import AS_SENT, is_standard
from models.domains.molecules.library.labels import LABELS
from models.specs.base import field_error, json_pointer
from models.specs.columns import OWN_IDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from models.domains.molecules.chemistry.reading import Tautomers


@final
@dataclass(frozen=True, slots=True)
class Catalogue:
    """N distinct molecules in the order of their texts.

    `places` [N] are where the first row of each begins in `content`, which has these `columns`.
    """

    texts: tuple[str, ...]
    places: npt.NDArray[np.int64] | None = None
    content: bytes = b""
    columns: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.texts)

    def find(self, text: str) -> int | None:
        """Return the place of a molecule among the texts; None if it is not in the list."""
        place = bisect_left(self.texts, text)
        return place if place < len(self.texts) and self.texts[place] == text else None

    def names(self, text: str) -> dict[str, str]:
        """Return what the list says of a molecule beside its structure; empty for any other molecule."""
        place = self.find(text)
        if place is None or self.places is None:
            return {}
        _, record = next(_records(self.content, int(self.places[place])))
        cells = _cells(record)
        row = dict(zip(self.columns, cells, strict=False))
        own = next((row[name] for name in OWN_IDS if row.get(name)), "")
        named = {name: row.get(name, "") for name in LABELS} | {"id": row.get("id") or own}
        return {name: cell for name, cell in named.items() if cell}


@lru_cache(maxsize=2)
def open_catalogue(listed: tuple[str, ...] | CollectionReference, tautomers: Tautomers) -> Catalogue:
    """Return the molecules of a list.

    The structures of a collection are standardised from what was sent where its texts are in another form, as
    of another release; what is no molecule by today's rules, or a part of one, is left out.

    Raises:
        CollectionMissingError: without such a collection, or if no row of it is a molecule.
    """
    if not isinstance(listed, CollectionReference):
        return Catalogue(tuple(sorted({read_smiles(text, tautomers).text for text in listed})))
    is_trusted = is_standard(listed, tautomers)
    content = collections.without_normal_form(collections.content(listed))
    records = _records(content)
    columns = _header(records)
    column = _structure_column(columns, listed)
    sent = columns.index(AS_SENT) if AS_SENT in columns else column
    first: dict[str, int] = {}
    for place, record in records:
        cells = _cells(record)
        text = cells[column] if column < len(cells) else ""
        if not is_trusted:
            text = _standardised((cells[sent] if sent < len(cells) else "") or text, tautomers)
        if text and "*" not in text:
            first.setdefault(text, place)
    if not first:
        raise CollectionMissingError(listed.collection, "no row of it is a molecule")
    texts = tuple(sorted(first))
    places = np.fromiter((first[text] for text in texts), np.int64, len(texts))
    return Catalogue(texts, places, content, columns)


def check_list(listed: tuple[str, ...] | CollectionReference) -> None:
    """Check a list that a specification names, without reading all of a collection.

    Raises:
        CollectionMissingError: without such a collection, or if it has no structures.
        PydanticCustomError: if a text is no molecule; it names which.
    """
    if isinstance(listed, CollectionReference):
        content = collections.without_normal_form(collections.content(listed))
        _structure_column(_header(_records(content)), listed)
        return
    for index, text in enumerate(listed):
        try:
            canonical_smiles(text)
        except InvalidObjectError as error:
            raise field_error(json_pointer(index), error.detail) from error


def _header(records: Iterator[tuple[int, bytes]]) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in _cells(next(records, (0, b""))[1]))


def _structure_column(columns: Sequence[str], listed: CollectionReference) -> int:
    if COLUMN not in columns:
        raise CollectionMissingError(listed.collection, f"it has no column '{COLUMN}'")
    return columns.index(COLUMN)


def _standardised(text: str, tautomers: Tautomers) -> str:
    try:
        return read_smiles(text, tautomers).text
    except InvalidObjectError:
        return ""


def _records(content: bytes, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield the records of CSV from a place on, each with where it begins.

    A quoted cell may hold line ends.
    """
    end = start
    while end < len(content):
        end = content.find(b"\n", end) + 1 or len(content)
        if content.count(b'"', start, end) % 2 == 0 or end == len(content):
            yield start, content[start:end]
            start = end


def _cells(record: bytes) -> list[str]:
    """Return the cells of a record; most records have no quotes."""
    if b'"' not in record:
        return record.rstrip(b"\r\n").decode().split(",")
    return next(csv.reader(record.decode().splitlines(keepends=True)), [])
