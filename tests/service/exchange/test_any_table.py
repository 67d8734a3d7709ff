"""Any table, with any delimiter and number format, reads to the same numbers or asks."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from service.exchange import CampaignView, QuestionError, ReadingOptions, read_results

if TYPE_CHECKING:
    from service.exchange import Report
    from service.exchange.values import Decimal

WORDS = ("CCO", "CCN", "CCC", "CCCl", "CCBr", "CCF")
DELIMITERS = (",", ";", "\t", "|")
DECIMALS: dict[Decimal, tuple[str, tuple[str, ...]]] = {
    "point": (".", ("", ",", "'", "\u202f")),
    "comma": (",", ("", ".", "'", "\u00a0")),
}
RELATIONS = ("", "<", ">", ">=", "~")

Cell = tuple[str, float, int]
"""Relation, number, and how many decimals are written."""


@cache
def view() -> CampaignView:
    spec = CampaignSpec.model_validate(
        {"name": "x", "domain": {"kind": "molecules"}, "objectives": [{"name": "IC50", "units": "nM"}]}
    )
    return CampaignView(spec, open_domain(spec.domain))


def written(cell: Cell, sign: str, group: str) -> str:
    relation, number, decimals = cell
    whole, _, part = f"{number:,.{decimals}f}".partition(".")
    digits = whole.replace(",", group)
    return f"{relation}{digits}{sign}{part}" if part else f"{relation}{digits}"


def table(rows: list[tuple[str, str]], delimiter: str, *, is_long: bool, encoding: str) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(["smiles", "type", "value", "units"] if is_long else ["smiles", "IC50 (nM)"])
    writer.writerows([word, "IC50", text, "nM"] if is_long else [word, text] for word, text in rows)
    return out.getvalue().encode(encoding)


def meaning(cell: Cell) -> tuple[str, float]:
    relation, number, decimals = cell
    return relation or "=", float(f"{number:.{decimals}f}")


CELLS = st.tuples(
    st.sampled_from(RELATIONS),
    st.one_of(
        st.floats(min_value=0, max_value=5e7, allow_nan=False),
        st.integers(min_value=1_000, max_value=5_000_000).map(float),
        st.integers(min_value=1, max_value=999_999).map(lambda number: number / 1_000),
    ),
    st.integers(min_value=0, max_value=5),
)


def is_taken_for_a_point(rows: list[tuple[str, str]], delimiter: str) -> bool:
    """Return whether points between thousands stand alone in a file of commas."""
    return (
        delimiter == "," and any("." in text for _, text in rows) and not any("," in text for _, text in rows)
    )


@settings(max_examples=500, deadline=None)
@given(
    st.lists(CELLS, min_size=1, max_size=6),
    st.sampled_from(DELIMITERS),
    st.sampled_from(sorted(DECIMALS)),
    st.integers(min_value=0, max_value=3),
    st.sampled_from(
        [(layout, encoding) for layout in (True, False) for encoding in ("utf-8", "utf-8-sig", "utf-16")]
    ),
)
def test_any_table_reads_to_the_same_numbers_or_asks(
    cells: list[Cell], delimiter: str, decimal: Decimal, grouping: int, shape: tuple[bool, str]
):
    sign, groups = DECIMALS[decimal]
    rows = [(WORDS[index], written(cell, sign, groups[grouping])) for index, cell in enumerate(cells)]
    assume(decimal == "point" or not is_taken_for_a_point(rows, delimiter))
    content = table(rows, delimiter, is_long=shape[0], encoding=shape[1])
    for cell, row in zip(cells, read(content, decimal).rows, strict=True):
        if row.result is None:
            # What is not certain in a row alone is refused, and never another number.
            assert row.status == "rejected", row.reason
        else:
            assert (row.result.relation, row.result.value) == meaning(cell), rows


def read(content: bytes, answer: Decimal) -> Report:
    """Return the report of a file; if it asks, of the file with the answer."""
    with suppress(QuestionError):
        return read_results(content, "text/csv", view())
    return read_results(content, "text/csv", view(), ReadingOptions(decimal=answer))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(CELLS, min_size=1, max_size=6),
    st.sampled_from(sorted(DECIMALS)),
    st.integers(min_value=0, max_value=3),
)
def test_an_answer_reads_every_number(cells: list[Cell], decimal: Decimal, grouping: int):
    sign, groups = DECIMALS[decimal]
    rows = [(WORDS[index], written(cell, sign, groups[grouping])) for index, cell in enumerate(cells)]
    report = read_results(
        table(rows, ";", is_long=False, encoding="utf-8"), "text/csv", view(), ReadingOptions(decimal=decimal)
    )
    assert [(row.result.relation, row.result.value) for row in report.accepted if row.result] == [
        meaning(cell) for cell in cells
    ]
