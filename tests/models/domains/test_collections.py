"""Collections are read by digest from the process's source, and references are found in specifications."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from models.domains import collections

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTENT = b'SMILES,price\nCCO,1.5\n"C(=O)O",\n'
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def _source() -> Iterator[None]:
    contents = {DIGEST: CONTENT, "0" * 64: CONTENT}

    def read(digest: str) -> bytes:
        if digest not in contents:
            raise collections.CollectionMissingError(digest)
        return contents[digest]

    collections.set_source(read)
    yield
    collections.set_source(collections._no_source)


def test_rows_have_lower_case_columns_and_are_cached() -> None:
    reference = collections.CollectionReference(collection=DIGEST)
    rows = collections.rows(reference)
    assert rows == ({"smiles": "CCO", "price": "1.5"}, {"smiles": "C(=O)O", "price": ""})
    assert collections.rows(reference) is rows
    assert collections.texts(reference) == ("CCO", "C(=O)O")
    assert collections.texts(("C",)) == ("C",)


@pytest.mark.parametrize(
    ("digest", "detail"), [("1" * 64, "no such collection"), ("0" * 64, "another digest")]
)
def test_a_missing_or_changed_content_is_named(digest: str, detail: str) -> None:
    with pytest.raises(collections.CollectionMissingError, match=detail) as caught:
        collections.rows(collections.CollectionReference(collection=digest))
    assert digest in str(caught.value)


def test_a_column_that_is_missing_is_named() -> None:
    with pytest.raises(collections.CollectionMissingError, match="column 'helm'"):
        collections.texts(collections.CollectionReference(collection=DIGEST), "helm")


def test_references_are_found_with_their_pointers() -> None:
    document = {"domain": {"reactions": {"stock": {"collection": DIGEST}}, "lists": [{"collection": DIGEST}]}}
    assert [found.pointer for found in collections.references(document)] == [
        "/domain/reactions/stock",
        "/domain/lists/0",
    ]
    assert not list(collections.references({"collection": "short", "other": DIGEST}))
