"""What may really have been set where something else was asked for, and formats that objects cannot have."""

import pytest

from models.domains import installed
from models.domains.contract import Domain, Setting


def opened(kind: str, **spec: object) -> Domain:
    plugin = installed()[kind]
    return plugin.open(plugin.spec.model_validate({"kind": kind, **spec}))


@pytest.mark.parametrize(
    ("levels", "is_log", "asked", "real", "expected"),
    [
        (tuple(range(20, 81)), False, 40, 41.7, True),
        (tuple(range(20, 81)), False, 40, 46.1, False),
        ((25, 40, 60), False, 40, 41.7, True),
        ((25, 40, 60), False, 40, 47.6, False),
        ((40,), False, 40, 41.7, True),
        ((40,), False, 40, 45, False),
        ((0.01, 0.1, 1.0), True, 0.1, 0.12, True),
        ((0.01, 0.1, 1.0), True, 0.1, 0.5, False),
        ((0.01, 0.1, 1.0), True, 0.1, -0.1, False),
    ],
)
def test_a_real_value_is_near_what_was_asked_for(
    *, levels: tuple[float, ...], is_log: bool, asked: float, real: float, expected: bool
) -> None:
    assert Setting(levels, is_log).is_near(asked, real) is expected


def test_numbers_of_a_process_are_settings_and_choices_are_not() -> None:
    process = [
        {"name": "temperature", "type": "continuous", "low": 20, "high": 80, "resolution": 5},
        {"name": "solvent", "type": "categorical", "values": ["DMF", "DMSO"]},
    ]
    domain = opened("materials", space="mixture", components=["water", "ethanol"], process=process)
    assert list(domain.settings) == ["temperature"]


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("molecules", {}),
        ("peptides", {}),
        ("materials", {"space": "composition", "elements": ["Na", "Cl"]}),
        ("materials", {"space": "mixture", "components": ["water", "ethanol"]}),
    ],
)
def test_nothing_that_is_proposed_has_a_crystal_structure(kind: str, spec: dict[str, object]) -> None:
    domain = opened(kind, **spec)
    assert "cif" not in domain.formats
    assert "structure" in domain.missing_formats["cif"]
