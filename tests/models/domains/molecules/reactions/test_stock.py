"""Lists of building blocks: headers, salts, prices, and errors that name the row."""

import hashlib

import pytest

from models.domains import collections
from models.domains.collections import CollectionReference
from models.domains.molecules.chemistry.reading import read_smiles
from models.domains.molecules.reactions.space import stock_of
from models.domains.molecules.reactions.stock import BuildingBlock, Stock, StockError, own_stock


def test_the_common_list_is_standardised_and_invents_nothing() -> None:
    blocks = own_stock().blocks
    assert len(blocks) > 600
    assert not own_stock().warnings
    for block in blocks:
        assert read_smiles(block.smiles).text == block.smiles
        assert (block.catalogue_number, block.supplier, block.price) == (None, None, None)


def test_headers_have_synonyms_and_amounts_have_units() -> None:
    rows = [
        {
            "Structure": "C1COCCN1",
            "Cat. No.": "M-1",
            "Vendor": "shelf",
            "Price per g": "0.12",
            "Quantity": "250 mg",
        },
        {"Structure": "NCc1ccccc1", "Cat. No.": "", "Vendor": "", "Price per g": "", "Quantity": ""},
    ]
    with_currency = [row | {"Currency": "EUR"} for row in rows]
    assert Stock.from_rows(with_currency).blocks == (
        BuildingBlock("C1COCCN1", "M-1", "shelf", 0.12, "EUR", 0.25),
        BuildingBlock("NCc1ccccc1"),
    )


def test_a_salt_is_its_free_form_and_the_cheaper_of_two_rows_is_kept() -> None:
    rows = [
        {"smiles": "C1CCNCC1.Cl", "price": "3"},
        {"smiles": "C1CCNCC1", "price": "2", "supplier": "other"},
        {"smiles": "C1CCNCC1", "price": ""},
    ]
    stock = Stock.from_rows(rows)
    assert [(block.smiles, block.price, block.supplier) for block in stock.blocks] == [
        ("C1CCNCC1", 2.0, "other")
    ]
    assert "row 1: left out as counterion" in stock.warnings[0]
    assert "row 2" in stock.warnings[1]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [{"smiles": "C1CCNCC1"}, {"smiles": "not a molecule"}],
            "row 2: 'not a molecule' is not a valid SMILES",
        ),
        ([{"smiles": ""}], "row 1: it has no structure"),
        ([{"smiles": "CN", "price": "3 g"}], "row 1: price '3 g' is not a number per gram"),
        ([{"smiles": "CN", "amount": "a lot"}], "row 1: amount 'a lot' is not grams"),
        ([{"smiles": "CN", "price": "-3"}], "row 1: price '-3'"),
        (
            [
                {"smiles": "CN", "price": "1", "currency": "EUR"},
                {"smiles": "CCN", "price": "1", "currency": "USD"},
            ],
            "prices are in EUR, USD",
        ),
        ([], "no building block"),
    ],
)
def test_what_is_no_block_is_named_with_its_row(rows: list[dict[str, str]], message: str) -> None:
    with pytest.raises(StockError, match=message.replace("(", r"\(")):
        Stock.from_rows(rows)


def test_a_collection_is_read() -> None:
    content = b"smiles,price,currency\nC1CCNCC1.Cl,2.5,EUR\n"
    collections.set_source(lambda _: content)
    stock = stock_of(CollectionReference(collection=hashlib.sha256(content).hexdigest()))
    collections.set_source(collections._no_source)
    assert stock.blocks == (BuildingBlock("C1CCNCC1", price=2.5, currency="EUR"),)
