# ruff: noqa: A005 - always imported as models.domains.collections; its name is that of the API resource
"""Uploaded lists of objects that a specification names by the digest of their content. Knows no store.

A collection's content is UTF-8 CSV under a header in lower case. A first line that begins with `#` names the
normal form in which its objects are written. Whoever starts a process says once
where contents come from (`set_source`): the service reads them from its database, tests from a dictionary.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeAlias, TypeVar

from pydantic import Discriminator, Field, Tag

from models.specs.base import FrozenModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DIGEST = re.compile(r"[0-9a-f]{64}")
_MARK = "#normal form: "
_AS_SENT = "_as_sent"


class CollectionMissingError(ValueError):
    """No collection has this content digest, or the stored content does not match it."""

    def __init__(
        self, digest: str, detail: str = "there is no such collection; upload the list first"
    ) -> None:
        super().__init__(f"collection {digest}: {detail}")
        self.digest = digest


class CollectionReference(FrozenModel):
    """A list that was uploaded, named by the SHA-256 digest of its content."""

    collection: Annotated[
        str,
        Field(
            pattern=f"^{DIGEST.pattern}$",
            description="The collection's `sha256`, as POST /v1/collections answers it.",
        ),
    ]


def kind_of_list(value: object) -> str:
    """Return the tag of a list in a specification: `list` of texts inside it, or `collection`.

    For pydantic's `Discriminator`, so that an error speaks of what was sent.
    """
    return "collection" if isinstance(value, dict | CollectionReference) else "list"


Items = TypeVar("Items")
ListOrCollection: TypeAlias = Annotated[
    Annotated[Items, Tag("list")] | Annotated[CollectionReference, Tag("collection")],
    Discriminator(kind_of_list),
]
"""A field of a specification that takes items of some type inline, or an uploaded collection."""


class Reference(NamedTuple):
    """A reference inside a JSON document: the JSON pointer of its object, and the digest."""

    pointer: str
    digest: str


def _no_source(digest: str) -> bytes:
    raise CollectionMissingError(digest, "only the service reads collections; give the texts themselves here")


_source: Callable[[str], bytes] = _no_source


def set_source(source: Callable[[str], bytes]) -> None:
    """Read contents with this function from now on: digest -> content.

    It raises `CollectionMissingError` for an unknown digest. Called once by each process at its start.
    """
    global _source  # noqa: PLW0603 - one source per process, as a specification carries only digests
    _source = source
    rows.cache_clear()


def content(reference: CollectionReference) -> bytes:
    """Return the content, checked against its digest.

    Raises:
        CollectionMissingError: without such a content, or if it was changed.
    """
    stored = _source(reference.collection)
    if hashlib.sha256(stored).hexdigest() != reference.collection:
        raise CollectionMissingError(reference.collection, "its stored content has another digest")
    return stored


def with_normal_form(name: str, table: bytes) -> bytes:
    """Return the content of a table whose objects are in a normal form of this name."""
    return f"{_MARK}{name}\n".encode() + table


def without_normal_form(stored: bytes) -> bytes:
    """Return the table of a content."""
    return stored.partition(b"\n")[2] if stored.startswith(_MARK.encode()) else stored


def normal_form(reference: CollectionReference) -> str | None:
    """Return the name of the normal form in which the objects are written; None if they are as people wrote.

    Raises:
        CollectionMissingError: without such a content, or if it was changed.
    """
    first = content(reference).partition(b"\n")[0].decode("utf-8", "replace")
    return first.removeprefix(_MARK) if first.startswith(_MARK) else None


def iterate(reference: CollectionReference) -> Iterator[dict[str, str]]:
    """Yield the rows one by one, with lower-case column names; for long lists.

    Raises:
        CollectionMissingError: without such a content, or if it was changed.
    """
    return parse(content(reference))


def parse(stored: bytes) -> Iterator[dict[str, str]]:
    """Yield the rows of a content one by one, with lower-case column names."""
    table = io.BytesIO(without_normal_form(stored))
    reader = csv.reader(io.TextIOWrapper(table, encoding="utf-8", newline=""))
    names = [name.strip().lower() for name in next(reader, [])]
    for cells in reader:
        if cells:
            # short rows: columns that the file had only further down
            yield dict(zip(names, cells + [""] * (len(names) - len(cells)), strict=False))


@lru_cache(maxsize=8)
def rows(reference: CollectionReference) -> tuple[Mapping[str, str], ...]:
    """Return all rows, with lower-case column names; cached, so nobody may change them.

    Raises:
        CollectionMissingError: without such a content, or if it was changed.
    """
    return tuple(iterate(reference))


def sent_column(column: str) -> str:
    """Return the column that holds what was sent where `column` holds something else, its normal form."""
    return column + _AS_SENT


def texts(
    listed: tuple[str, ...] | CollectionReference, column: str = "smiles", *, is_sent: bool = False
) -> tuple[str, ...]:
    """Return the texts of a list that is given inline, or of one column of a collection.

    Args:
        listed: the list.
        column: of a collection.
        is_sent: each text as it was sent, instead of its normal form.

    Raises:
        CollectionMissingError: without such a content, or if nothing stands in the column.
    """
    if not isinstance(listed, CollectionReference):
        return listed
    sent = sent_column(column) if is_sent else column
    found = tuple(row.get(sent) or row.get(column, "") for row in iterate(listed))
    if not any(found):
        detail = f"it has no column '{column}'" if found else "it has no rows"
        raise CollectionMissingError(listed.collection, detail)
    return found


def references(document: object, pointer: str = "") -> Iterator[Reference]:
    """Yield every reference to a collection inside a specification's JSON, with its JSON pointer."""
    if isinstance(document, dict):
        digest = document.get("collection")
        if set(document) == {"collection"} and isinstance(digest, str) and DIGEST.fullmatch(digest):
            yield Reference(pointer, digest)
        parts: list[tuple[Any, Any]] = list(document.items())
    elif isinstance(document, list | tuple):
        parts = list(enumerate(document))
    else:
        return
    for name, part in parts:
        yield from references(part, f"{pointer}/{name}")
