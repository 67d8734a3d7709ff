"""The Python client of openBIS drives the fake, so that more than our beliefs vouch for it.

pyBIS brings pandas and pytest of its own, so it lives in an environment that ASSAYFLOW_PYBIS_PYTHON names.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from connector_calls import opened, scope_of, sent, whole_pass
from fakes.openbis import FakeOpenbis, make_fake
from fakes.openbis_server import COMPOUND, RESULT, USER

from service.lims.kinds.openbis import OpenbisConnector

if TYPE_CHECKING:
    from collections.abc import Iterator

PYTHON = os.environ.get("ASSAYFLOW_PYBIS_PYTHON")
SCRIPT = Path(__file__).parents[3] / "support" / "pybis_lab.py"
pytestmark = pytest.mark.skipif(
    PYTHON is None,
    reason="pyBIS does not judge the fake: let ASSAYFLOW_PYBIS_PYTHON name a Python with pybis==1.37.5",
)


@pytest.fixture
def fake() -> Iterator[FakeOpenbis]:
    made = make_fake()
    yield made
    made.close()


def worked_with(fake: FakeOpenbis, home: Path) -> dict[str, Any]:
    assert PYTHON is not None
    told = subprocess.run(  # noqa: S603 - the interpreter is the developer's choice
        [PYTHON, str(SCRIPT), fake.address, USER, fake.password, fake.token()],
        env={"HOME": str(home), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 0, told.stderr[-2000:]
    seen: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return seen


def test_pybis_and_the_connector_see_the_same_server(fake: FakeOpenbis, tmp_path: Path) -> None:
    connector = opened(OpenbisConnector, fake)
    records = sent(connector, COMPOUND, SMILES="CCO")
    seen = worked_with(fake, tmp_path)
    assert seen["active"] is True
    assert seen["pat"] is True
    assert seen["active after logout"] is False
    assert seen["compounds"] == [["AF-0A1", "CCO"], ["AF-0A2", "CCO"], ["AF-0A3", "CCO"]]
    assert seen["left"] == ["AF-0A1", "AF-0A3"]
    assert seen["parents"] == ["/LAB/SCREENING/AF-0A1"]
    assert "sample with the same code already exists" in seen["twice"]
    (result,) = whole_pass(connector, scope_of(records, RESULT))[0]
    assert (result.id, result.about) == (seen["result"], records[0])
    assert (result.fields["VALUE"], result.fields["RELATION"]) == ("12.50", "GT")
