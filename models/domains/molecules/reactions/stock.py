"""Building blocks: what a lab may buy, with price, amount and supplier where its list says so. Torch-free."""

from __future__ import annotations

import csv
import hashlib
import math
import re
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.resources import files
from typing import TYPE_CHECKING

from models.domains.contract import InvalidObjectError, ParsedObject
from models.domains.molecules.chemistry.reading import read_smiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FILE = "blocks.csv"
MOST_BLOCKS = 200_000
MOST_ERRORS = 10
"""Most wrong rows that one message names."""

HEADERS: Mapping[str, tuple[str, ...]] = {
    "smiles": ("smiles", "structure", "canonical_smiles", "smi"),
    "catalogue_number": (
        "catalogue_number",
        "catalog_number",
        "catalogue_no",
        "catalog_no",
        "cat_no",
        "catalogue_id",
        "catalog_id",
        "id",
        "compound_id",
    ),
    "supplier": ("supplier", "vendor", "source"),
    "price": ("price", "price_per_gram", "price_per_g", "price_g", "cost", "cost_per_gram"),
    "currency": ("currency",),
    "amount": ("amount", "amount_g", "quantity", "stock", "in_stock"),
}
"""Columns of a list of blocks, each with its headers in lower case and `_` for what is no letter or digit."""
_GRAMS = {"": 1.0, "g": 1.0, "mg": 1e-3, "kg": 1e3}
_NUMBER = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(mg|kg|g)?\s*", re.IGNORECASE)


class StockError(ValueError):
    """Rows of a list are no building blocks; the message names each row and what is wrong."""


@dataclass(frozen=True, slots=True)
class BuildingBlock:
    """One building block.

    `price` is per gram, in the currency of the list; `amount` is in grams. What is not stated is None.
    """

    smiles: str
    catalogue_number: str | None = None
    supplier: str | None = None
    price: float | None = None
    currency: str | None = None
    amount: float | None = None


@dataclass(frozen=True)
class Stock:
    """Blocks with distinct structures, in the order of their list; `warnings` name rows that were changed."""

    blocks: tuple[BuildingBlock, ...]
    warnings: tuple[str, ...] = ()

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Return the position of each structure."""
        return {block.smiles: place for place, block in enumerate(self.blocks)}

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of the structures in their order."""
        return hashlib.sha256("\n".join(block.smiles for block in self.blocks).encode()).hexdigest()

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, str]], *, is_normal: bool = False) -> Stock:
        """Read a list of building blocks.

        A salt is read as its free form. Of several rows with one structure the cheapest is kept.

        Args:
            rows: one mapping for each block, of `HEADERS` to texts.
            is_normal: structures are canonical texts already.

        Raises:
            StockError: if rows are no blocks, currencies differ, or the list is empty or too long.
        """
        kept: dict[str, BuildingBlock] = {}
        warnings, errors = [], []
        for number, row in enumerate(rows, start=1):
            if number > MOST_BLOCKS:
                raise StockError(f"the list has more than {MOST_BLOCKS} rows")
            try:
                block, remarks = _read(row, is_normal=is_normal)
            except (InvalidObjectError, StockError) as error:
                errors.append(f"row {number}: {error}")
                continue
            warnings += [f"row {number}: {remark}" for remark in remarks]
            if earlier := kept.get(block.smiles):
                warnings.append(f"row {number}: {block.smiles} is listed before; the cheaper entry is used")
            kept[block.smiles] = min((entry for entry in (earlier, block) if entry), key=_price)
        if errors:
            more = f" and {len(errors) - MOST_ERRORS} more rows" if len(errors) > MOST_ERRORS else ""
            raise StockError("; ".join(errors[:MOST_ERRORS]) + more)
        return cls(_in_one_currency(list(kept.values())), tuple(warnings))


@cache
def own_stock() -> Stock:
    """Return the committed list of commodity chemicals, without prices and suppliers."""
    return Stock.from_rows(csv.DictReader((files(__package__) / FILE).read_text().splitlines()))


def _read(row: Mapping[str, str], *, is_normal: bool) -> tuple[BuildingBlock, Sequence[str]]:
    cells = {re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_"): text for name, text in row.items()}
    values = {
        column: next((cells[name].strip() for name in names if (cells.get(name) or "").strip()), "")
        for column, names in HEADERS.items()
    }
    if not values["smiles"]:
        raise StockError("it has no structure: give a column 'smiles'")
    parsed = ParsedObject(values["smiles"]) if is_normal else read_smiles(values["smiles"])
    block = BuildingBlock(
        parsed.text,
        values["catalogue_number"] or None,
        values["supplier"] or None,
        _number("price", values["price"], has_unit=False),
        values["currency"] or None,
        _number("amount", values["amount"], has_unit=True),
    )
    return block, parsed.warnings


def _number(column: str, text: str, *, has_unit: bool) -> float | None:
    if not text:
        return None
    match = _NUMBER.fullmatch(text)
    if match is None or (match[2] and not has_unit):
        expected = "grams, such as '5' or '250 mg'" if has_unit else "a number per gram, such as '12.50'"
        raise StockError(f"{column} {text!r} is not {expected}")
    return float(match[1]) * _GRAMS[(match[2] or "").lower()]


def _price(block: BuildingBlock) -> float:
    return math.inf if block.price is None else block.price


def _in_one_currency(blocks: list[BuildingBlock]) -> tuple[BuildingBlock, ...]:
    if not blocks:
        raise StockError("the list has no building block")
    currencies = sorted({block.currency for block in blocks if block.currency and block.price is not None})
    if len(currencies) > 1:
        raise StockError(f"prices are in {', '.join(currencies)}: convert them to one currency")
    currency = currencies[0] if currencies else None
    return tuple(replace(block, currency=currency if block.price is not None else None) for block in blocks)
