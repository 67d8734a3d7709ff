"""Previews of kinds that err: what cannot be shown is said, and the rest is shown."""

from collections.abc import Sequence
from typing import Any

import made_up_kinds
import pytest
from made_up_lims import PASSWORD, MadeUpConnector, MadeUpServer

from service.integrations.opening import ConnectorAccount, Outside
from service.integrations.previews import Wanted, read_measurements, show_writes, unknown_record
from service.lims.contract import Answer, Material, Order, Scope
from service.settings import Settings


@pytest.fixture
def lims() -> Any:
    made = MadeUpServer()
    yield made
    made.close()


def wanted(lims: MadeUpServer, password: str = PASSWORD) -> Wanted:
    materials = [Material(key=f"AF-{name}", name=name) for name in ("one", "two")]
    account = ConnectorAccount(
        kind="made_up",
        base_url=lims.base_url,
        settings={},
        credentials=f'{{"user": "jo", "password": "{password}"}}',
    )
    order = Order(key="AFR-1", name="order", materials=[unknown_record(item) for item in materials])
    settings = Settings(connector_hosts="127.0.0.1")
    return Wanted(account=account, settings=settings, materials=materials, order=order, scope=Scope())


def test_a_kind_that_trips_over_one_material_shows_the_others(
    lims: MadeUpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_up_kinds.install(monkeypatch)
    put = MadeUpConnector.put_materials

    def trip(self: MadeUpConnector, materials: Sequence[Material]) -> Sequence[Answer]:
        if materials[0].key == "AF-one":
            raise KeyError("a field that this version of the system lacks")
        return put(self, materials)

    monkeypatch.setattr(MadeUpConnector, "put_materials", trip)
    shown = show_writes(wanted(lims), Outside())
    assert [item["keys"] for item in shown.materials] == [["AF-two"]]
    assert any("AF-one" in note and "KeyError" in note for note in shown.notes)
    assert len(shown.order) == 1
    assert any("not there yet" in note for note in shown.notes)
    assert lims.writes() == []


def test_a_system_that_does_not_let_us_in_is_said_and_nothing_is_shown(
    lims: MadeUpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_up_kinds.install(monkeypatch)
    shown = show_writes(wanted(lims, "not the password"), Outside())
    assert (shown.materials, shown.order) == ([], [])
    assert "knows no such user" in shown.notes[0]
    found, notes = read_measurements(wanted(lims, "not the password"), Outside())
    assert (found, "could not be read" in notes[0]) == ([], True)


def test_the_last_twenty_measurements_are_shown_and_the_pages_that_are_read_are_few(
    lims: MadeUpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_up_kinds.install(monkeypatch)
    lims.results = [
        {"id": f"m{n}", "source": "Glow", "about": "R1", "fields": {"Value": str(n)}} for n in range(70)
    ]
    lims.page_size = 40
    found, notes = read_measurements(wanted(lims), Outside())
    assert ([item.id for item in found], notes) == ([f"m{n}" for n in range(50, 70)], [])
    lims.page_size = 10
    found, notes = read_measurements(wanted(lims), Outside())
    assert (found[-1].id, "later ones are not shown" in notes[0]) == ("m49", True)
