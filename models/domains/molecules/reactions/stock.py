"""Building blocks: what a lab may buy, with price, amount and supplier where the list says so. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """One building block.

    `price` is per gram, in the currency of the list; `amount` is in grams. What the list does not say is None.
    """

    smiles: str
    catalogue_number: str | None = None
    supplier: str | None = None
    price: float | None = None
    currency: str | None = None
    amount: float | None = None


@dataclass(frozen=True, slots=True)
class Stock:
    """Blocks with distinct structures, in the order of their list."""

    blocks: tuple[Block, ...]
