"""A fourth domain is one folder: its entry point alone adds and removes it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from models.campaign.spec import CampaignSpec
from models.domains import installed, open_domain

PLUGIN_FOLDER = Path(__file__).parents[2] / "plugin"
QUERY = """
import json
from models.campaign.spec import CampaignSpec
from models.domains import installed
schema = CampaignSpec.model_json_schema()
print(json.dumps([list(installed()), sorted(schema["$defs"])]))
"""


def _query(path: list[str]) -> list[list[str]]:
    """Return installed kinds and the names in the campaign's JSON schema, in a fresh interpreter."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", QUERY], env=environment, capture_output=True, text=True, check=True
    )
    answer: list[list[str]] = json.loads(done.stdout)
    return answer


def test_the_fourth_domain_is_discovered():
    assert "switches" in installed()
    assert list(installed()) == sorted(installed())


def test_the_fourth_domain_is_part_of_a_campaign():
    body = {"name": "lamps", "domain": {"kind": "switches", "n": 3}, "objectives": [{"name": "y", "computed": "ones"}]}
    campaign = CampaignSpec.model_validate(body)
    domain = open_domain(campaign.domain)
    assert domain.check("101") == []
    assert domain.check("1010")
    with pytest.raises(ValidationError, match="less than or equal to 16"):
        CampaignSpec.model_validate({**body, "domain": {"kind": "switches", "n": 17}})


def test_an_unknown_kind_is_refused_with_the_installed_ones():
    body = {"name": "x", "domain": {"kind": "potions"}, "objectives": [{"name": "y"}]}
    with pytest.raises(ValidationError, match="switches"):
        CampaignSpec.model_validate(body)


def test_the_fourth_domain_goes_when_its_folder_goes():
    root = str(PLUGIN_FOLDER.parents[1])
    rest = [entry for entry in sys.path if entry and Path(entry).resolve() != PLUGIN_FOLDER]
    with_it, names_with_it = _query([root, str(PLUGIN_FOLDER), *rest])
    without, names_without = _query([root, *rest])
    assert set(with_it) - set(without) == {"switches"}
    assert set(names_with_it) - set(names_without) == {"SwitchesSpec"}
