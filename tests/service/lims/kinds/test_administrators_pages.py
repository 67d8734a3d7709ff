"""The pages for administrators say what the connectors have: every setting, and mappings that are valid."""

import json
import re
from pathlib import Path

import pytest

from service.lims.mapping_specs import LinkMapping
from service.lims.registry import connector_kind

PAGES = Path(__file__).parents[4] / "docs" / "lims"


@pytest.mark.parametrize("kind", ["elabftw", "senaite"])
def test_a_page_has_every_setting_and_a_mapping_that_is_valid(kind: str) -> None:
    page = (PAGES / f"{kind}.md").read_text(encoding="utf-8")
    table = page.partition("## Settings")[2].partition("## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(
        connector_kind(kind).Settings.model_fields
    )
    (block,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert LinkMapping.model_validate(json.loads(block)).results
