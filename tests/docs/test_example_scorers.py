"""The example scorers answer over HTTP, and the example campaigns of molecules are valid."""

import json
import sys
import urllib.request
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any

import pytest
from rdkit import Chem
from rdkit.Chem import Crippen

from models.campaign.spec import CampaignSpec
from service.campaigns.quantities import check_units

EXAMPLES = Path(__file__).parents[2] / "examples"
STAND_IN = """
import sys
from rdkit import Chem
mol = next(iter(Chem.SDMolSupplier(sys.argv[1])))
if mol.HasSubstructMatch(Chem.MolFromSmarts("Br")):
    sys.exit(1)
assert mol.GetConformer().Is3D()
mol.SetProp("minimizedAffinity", str(-0.5 * mol.GetNumHeavyAtoms()))
with Chem.SDWriter(sys.argv[2]) as poses:
    poses.write(mol)
"""


@pytest.fixture
def scorers(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(EXAMPLES / "scorers"))
    yield import_module("http_scorer")
    for name in ("http_scorer", "docking", "admet"):
        sys.modules.pop(name, None)


def _asked(scorers: ModuleType, score: Any, smiles: list[str]) -> list[float | None]:
    server = scorers.server(score, 0)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        body = {"property": "p", "objects": [{"object": text, "smiles": text} for text in smiles]}
        request = urllib.request.Request(f"http://127.0.0.1:{server.server_port}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - likewise
            values: list[float | None] = json.load(answer)["values"]
            return values
    finally:
        server.shutdown()
        server.server_close()


def test_a_docking_programme_is_a_scorer(scorers: ModuleType, tmp_path: Path):
    docking = import_module("docking")
    program = tmp_path / "stand_in.py"
    program.write_text(STAND_IN)
    command = (sys.executable, str(program), "{ligand}", "{poses}")
    found = _asked(scorers, lambda text: docking.dock(text, command), ["CCO", "CCBr", "C1=CC", "c1ccccc1O"])
    assert found == [-1.5, None, None, -3.5]
    with pytest.raises(docking.DockingError, match="cannot be started"):
        docking.dock("CCO", (str(tmp_path / "nothing"),))


def test_a_model_of_a_table_is_a_scorer(scorers: ModuleType, tmp_path: Path):
    admet = import_module("admet")
    ends = ("O", "N", "Cl", "c1ccccc1", "C(=O)O", "C#N")
    series = ["C" * n + end for n in range(1, 13) for end in ends]
    table = tmp_path / "table.csv"
    rows = [f"{text},{Crippen.MolLogP(Chem.MolFromSmiles(text)):.2f}" for text in series]
    table.write_text("\n".join(["smiles,value", *rows]))
    smiles, values = admet.read_table(table, "value")
    model = admet.Model(smiles, values)
    assert model.skill > 0.3
    known, unlike, wrong = _asked(scorers, model.predict, [smiles[0], "[Na+].[Cl-]", "C1=CC"])
    assert known == pytest.approx(values[0], abs=1)
    assert unlike is None
    assert wrong is None
    with pytest.raises(admet.TableError, match="20 rows are too few"):
        admet.Model(smiles[:20], values[:20])
    with pytest.raises(admet.TableError, match="needs the columns smiles and nothing"):
        admet.read_table(EXAMPLES / "solubilities.csv", "nothing")
    broken = tmp_path / "broken.csv"
    broken.write_text("smiles,value\nCCO,1\nCC,high\n")
    with pytest.raises(admet.TableError, match="row 3"):
        admet.read_table(broken, "value")


@pytest.mark.parametrize("name", ["docking", "admet", "selectivity"])
def test_an_example_campaign_is_valid(name: str):
    text = (EXAMPLES / "molecules" / f"{name}.json").read_text(encoding="utf-8")
    spec = CampaignSpec.model_validate_json(text)
    check_units(spec)
    assert CampaignSpec.model_validate_json(spec.model_dump_json()) == spec
