"""Passes over what is waited for: what a whole pass did not meet is withdrawn, and nothing else is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.lims.contract import MeasuredRecord, RemoteRecord, Scope
from service.lims.passes import Pass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from service.lims.contract import Cursor, Page

ONE, TWO = (RemoteRecord(type="sample", id=name) for name in ("1", "2"))
BOTH = Scope(materials=[ONE, TWO], sources=["potency"])


def measured(id_: str, about: RemoteRecord = ONE, source: str = "potency") -> MeasuredRecord:
    return MeasuredRecord(id=id_, source=source, about=about, fields={"value": "1"})


def page(
    scope: Scope,
    cursor: Cursor | None,
    *records: MeasuredRecord,
    looked_at: Iterable[str] = ("1", "2"),
    position: object = None,
) -> Page:
    return Pass(scope, cursor).page(records, looked_at, position, b"")


def withdrawn(found: Page) -> list[str]:
    return [item.id for item in found.measurements if item.standing == "withdrawn"]


def test_what_a_whole_pass_no_longer_meets_is_withdrawn_once() -> None:
    first = page(BOTH, None, measured("a"), measured("b", TWO))
    second = page(BOTH, first.cursor, measured("a"))
    assert withdrawn(second) == ["b"]
    assert second.measurements[-1].about == TWO
    assert withdrawn(page(BOTH, second.cursor, measured("a"))) == []


def test_a_page_in_the_middle_withdraws_nothing_and_the_last_one_knows_all_pages() -> None:
    first = page(BOTH, None, measured("a"), measured("b"), measured("c"))
    middle = page(BOTH, first.cursor, measured("a"), looked_at=["1"], position=[1])
    assert (middle.more, withdrawn(middle)) == (True, [])
    assert Pass(BOTH, middle.cursor).position == [1]
    last = page(BOTH, middle.cursor, measured("c"), looked_at=["2"])
    assert (last.more, withdrawn(last)) == (False, ["b"])


def test_a_material_out_of_sight_says_nothing_until_it_is_seen_again() -> None:
    first = page(BOTH, None, measured("a"), measured("b", TWO))
    unseen = page(BOTH, first.cursor, measured("a"), looked_at=["1"])
    assert withdrawn(unseen) == []
    assert withdrawn(page(BOTH, unseen.cursor, measured("a"))) == ["b"]


def test_what_is_no_longer_waited_for_or_read_is_forgotten_and_not_withdrawn() -> None:
    first = page(BOTH, None, measured("a"), measured("b", TWO))
    only_one = Scope(materials=[ONE], sources=["potency"])
    assert withdrawn(page(only_one, first.cursor, measured("a"))) == []
    other = Scope(materials=[ONE, TWO], sources=["solubility"])
    assert withdrawn(page(other, first.cursor)) == []
    every = Scope(materials=[ONE, TWO], sources=["*"])
    assert withdrawn(page(every, first.cursor)) == ["a", "b"]


def test_another_scope_begins_the_pass_anew() -> None:
    first = page(BOTH, None, measured("a"), position=[1])
    three = Scope(materials=[ONE, TWO, RemoteRecord(type="sample", id="3")], sources=["potency"])
    assert Pass(three, first.cursor).position is None
    assert withdrawn(page(three, first.cursor, measured("b"))) == ["a"]
