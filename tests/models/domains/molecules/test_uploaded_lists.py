"""Lists that were uploaded mean in every field what was sent, whatever form they are stored in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from models.domains import collections, open_domain
from models.domains.molecules.chemistry.normal_form import named_form
from models.domains.molecules.designs.lists import compounds
from models.domains.molecules.library.catalogue import open_catalogue
from models.domains.molecules.reactions.space import stock_of
from models.domains.molecules.spec import MoleculesSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.domains.collections import CollectionReference

    Keep = Callable[[str | bytes], CollectionReference]


def _stored(keep: Keep, *rows: str, columns: str = "smiles,smiles_as_sent") -> CollectionReference:
    table = "\n".join([columns, *rows, ""]).encode()
    return keep(collections.with_normal_form(named_form("merged"), table))


def test_blocks_are_those_that_were_sent(keep: Keep) -> None:
    stock = stock_of(_stored(keep, "O=c1cccc[nH]1,Oc1ccccn1"))
    assert [block.smiles for block in stock.blocks] == ["Oc1ccccn1"]


def test_a_list_of_compounds_is_read_as_sent_where_tautomers_are_kept_apart(keep: Keep) -> None:
    listed = _stored(keep, "O=c1cccc[nH]1,Oc1ccccn1", "CCO,")
    assert compounds(listed, "as_drawn") == ("Oc1ccccn1", "CCO")
    assert compounds(listed, "merged") == ("O=c1cccc[nH]1", "CCO")
    excluded = MoleculesSpec.model_validate({"tautomers": "as_drawn", "exclude": listed.model_dump()})
    assert [item.code for item in open_domain(excluded).check("Oc1ccccn1")] == ["excluded"]


def test_a_substituent_is_attached_where_it_was_sent(keep: Keep) -> None:
    listed = _stored(keep, "CO,OC")
    scaffold = {"smiles": "[*:1]c1ccccc1", "r_groups": {"1": listed.model_dump()}}
    spec = MoleculesSpec.model_validate({"scaffold": scaffold})
    inline = MoleculesSpec.model_validate({"scaffold": {**scaffold, "r_groups": {"1": ["[*]OC"]}}})
    built, wanted = (open_domain(item).design for item in (spec, inline))
    assert [group.core for group in built.groups] == [group.core for group in wanted.groups]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["CCO,,-2,"], "row 1: price '-2' is not a number per gram"),
        (["CCO,,1,EUR", "CCN,,EUR 2,"], "row 2: price 'EUR 2' is not a number per gram"),
        (["CCO,,1,EUR", "CCN,,2,USD"], "prices are in EUR, USD: convert them to one currency"),
        ([",,1,EUR"], "row 1: it has no structure"),
        ([], "the list has no building block"),
    ],
)
def test_prices_of_an_uploaded_stock_are_checked_before_anything_is_stored(
    keep: Keep, rows: list[str], said: str
) -> None:
    stock = _stored(keep, *rows, columns="smiles,smiles_as_sent,price,currency").model_dump()
    settings: dict[str, Any] = {"builder": "reactions", "reactions": {"stock": stock}}
    with pytest.raises(ValidationError) as refused:
        MoleculesSpec.model_validate(settings)
    (error,) = refused.value.errors()
    assert error["ctx"]["pointer"] == "/reactions/stock"
    assert said in error["msg"]


def test_an_empty_list_says_that_it_is_empty(keep: Keep) -> None:
    with pytest.raises(ValidationError, match="it has no rows"):
        MoleculesSpec.model_validate({"exclude": _stored(keep).model_dump()})


def test_substituents_are_no_compounds(keep: Keep) -> None:
    parts = _stored(keep, "CCO,", "[*]OC,").model_dump()
    with pytest.raises(ValidationError, match=r"data row 2: '\[\*\]OC' is a part of a molecule"):
        MoleculesSpec.model_validate({"exclude": parts})
    listed = MoleculesSpec.model_validate({"builder": "library", "library": parts}).library
    assert open_catalogue(listed, "merged").texts == ("CCO",)
