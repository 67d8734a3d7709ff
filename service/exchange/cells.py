"""Cells that are numbers by their type, and how the texts of a table write numbers. Knows no table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from service.exchange.values import ReadValue, read_number, read_value, with_point

if TYPE_CHECKING:
    from service.exchange.values import Decimal


def has_point(text: str) -> bool:
    """Return whether the numbers of a text have a decimal point, whatever other texts of its table have."""
    return isinstance(text, Digits) or (isinstance(text, Meant) and text.has_point)


class Digits(str):  # noqa: SLOT000 - a text with an attribute
    """The digits of a cell that is a number by its type.

    Its decimal sign is a point, whatever texts beside it do.
    `shown` is what a person sees of it: two identifiers 1.1 and 1.10 are one number.
    """

    shown: str

    def __new__(cls, digits: str, shown: str | None = None) -> Self:
        """Return the digits, which are shown as they are unless it is said."""
        made = super().__new__(cls, digits)
        made.shown = digits if shown is None else shown
        return made


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How the texts of one table write numbers; a cell that is a number by its type has a decimal point.

    `thousands` is the sign between groups of digits, where one was seen; blanks and apostrophes are always
    read so.
    """

    decimal: Decimal = "point"
    thousands: str | None = None

    def read_value(self, text: str) -> ReadValue:
        """Read one value cell that is not missing; raises as `values.read_value`."""
        return read_value(text, self._decimal_of(text))

    def read_number(self, text: str) -> float:
        """Read a bare number; raises as `values.read_number`."""
        return read_number(text, self._decimal_of(text))

    def with_point(self, text: str) -> str:
        """Return a number or percentage with a decimal point and no grouping, any other text as it is."""
        return text if isinstance(text, Digits) else with_point(text, self.decimal)

    def _decimal_of(self, text: str) -> Decimal:
        return "point" if has_point(text) else self.decimal


WITH_POINT = NumberFormat()
"""Numbers as programming languages write them."""


class Meant(str):  # noqa: SLOT000 - a text with an attribute
    """What a word in a cell was said to mean; `sent` is the word.

    `has_point` says that its numbers have a decimal point, whatever those of the file have: it is no cell of
    the file.
    """

    sent: str
    has_point: bool

    def __new__(cls, meaning: str, sent: str, *, has_point: bool) -> Self:
        """Return the meaning of what was sent."""
        made = super().__new__(cls, meaning)
        made.sent, made.has_point = sent, has_point
        return made
