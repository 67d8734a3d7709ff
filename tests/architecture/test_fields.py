"""Every field of a specification is described, and the page of campaigns shows it."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def fields() -> ModuleType:
    spec = spec_from_file_location("fields", FOLDER / "fields.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_field_has_a_description_that_is_a_sentence(fields: ModuleType) -> None:
    silent = [
        f"{name}.{field}"
        for name, model in fields.models().items()
        for field, info in model.model_fields.items()
        if not (info.description or "").strip().endswith(".") or not (info.description or " ")[0].isupper()
    ]
    assert not silent, silent


def test_every_property_of_the_schema_shows_its_description(fields: ModuleType) -> None:
    """Pydantic leaves out the description of a field that says what its model's docstring says."""
    for name, model in fields.models().items():
        for field, shown in model.model_json_schema()["properties"].items():
            assert shown.get("description"), f"{name}.{field} repeats the docstring of its model"


def test_every_model_has_its_table(fields: ModuleType) -> None:
    assert sorted(fields.documented(fields.PAGE.read_text(encoding="utf-8"))) == sorted(fields.models())


def test_the_tables_are_current(fields: ModuleType) -> None:
    page = fields.PAGE.read_text(encoding="utf-8")
    assert fields.rewritten(page) == page, "run `make fields`"


def test_types_defaults_and_limits_are_those_of_the_schema(fields: ModuleType) -> None:
    tables = "\n".join(
        fields.table(fields.models()[name]) for name in ("BatchSpec", "SamplerSpec", "CampaignSpec")
    )
    assert "| `size` | integer | `24` |" in tables
    assert "at least 1; at most 1,536 |" in tables
    assert '| `beta` | [number, number] or `auto` | `"auto"` |' in tables
    assert "or [MoleculesSpec](#moleculesspec) or" in tables
    assert "switches" not in tables.casefold(), "domains of other packages have pages of their own"
