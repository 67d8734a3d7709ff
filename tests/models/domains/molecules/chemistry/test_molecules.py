import subprocess
import sys
from xml.dom.minidom import Element, parseString

import numpy as np
import pytest
import torch
from rdkit import Chem

from models.domains.contract import InvalidObjectError
from models.domains.kernels import tanimoto
from models.domains.molecules.chemistry.features import N_AMOUNTS
from models.domains.molecules.chemistry.files import write_sdf
from models.domains.molecules.chemistry.fingerprints import N_COUNTS
from models.domains.molecules.chemistry.properties import COMPUTED
from models.domains.molecules.domain import Molecules

DRUGS = ["CC(=O)Nc1ccc(O)cc1", "CN1C(=O)CN=C(c2ccccc2)c2cc(Cl)ccc21", "CC(C)Cc1ccc(C(C)C(=O)O)cc1"]


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("CC(=O)[O-].[Na+]", "CC(=O)O"),
        ("C[NH3+].[Cl-]", "CN"),
        ("OCC", "CCO"),
        ("C1=CC=CC=C1", "c1ccccc1"),
        ("[2H]C([2H])O", "[2H]C([2H])O"),
        ("CN(=O)=O", "C[N+](=O)[O-]"),
        ("C[N+](C)(C)CC([O-])=O", "C[N+](C)(C)CC(=O)[O-]"),
        ("N[C@@H](C)C(=O)O", "C[C@H](N)C(=O)O"),
        ("C/C=C/C", "C/C=C/C"),
        ("  CCO ", "CCO"),
        ("[CH3:1][OH:2]", "CO"),
    ],
)
def test_many_texts_are_one_molecule(domain: Molecules, text: str, canonical: str):
    assert domain.parse({"smiles": text}) == canonical
    assert domain.parse({"smiles": canonical}) == canonical


def test_mirror_images_are_two_molecules(domain: Molecules):
    left, right = (domain.parse({"smiles": text}) for text in ("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"))
    assert left != right
    similarity = domain.similarity([left], [right, left])
    assert 0.5 < similarity[0, 0] < 1
    assert similarity[0, 1] == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("benzene", "not a valid SMILES"),
        ("C1CC", "not a valid SMILES"),
        ("C(C)(C)(C)(C)C", "valence"),
        ("c1cccc1", "kekulize"),
        ("[*]CC", "open attachment point"),
        ("[Na+].[Cl-]", "no carbon"),
        ("C[Hg]C", "Hg"),
        ("C" * 3000, "longer than"),
        ("CCO;CCN", "not a valid SMILES"),
    ],
)
def test_what_is_no_molecule_names_its_column_and_reason(
    domain: Molecules, text: str, reason: str, capfd: pytest.CaptureFixture[str]
):
    with pytest.raises(InvalidObjectError, match=f"(?i){reason}") as caught:
        domain.parse({"smiles": text})
    assert caught.value.column == "smiles"
    assert capfd.readouterr().err == ""


def test_computed_properties_agree_with_published_values(domain: Molecules):
    values = domain.properties(DRUGS, list(COMPUTED))
    assert values.keys() == COMPUTED.keys()
    assert values["molecular_weight"] == pytest.approx([151.165, 284.746, 206.285], abs=0.01)
    assert values["tpsa"] == pytest.approx([49.33, 32.67, 37.30], abs=0.01)
    assert values["qed"][0] == pytest.approx(0.595, abs=0.001)
    assert values["heavy_atoms"].tolist() == [11, 20, 15]
    for name, computed in COMPUTED.items():
        low, high = computed.range or (-np.inf, np.inf)
        assert ((values[name] >= low) & (values[name] <= high)).all()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("O=Cc1ccccc1", "aldehyde"),
        ("CC(=O)Cl", "acyl halide"),
        ("COOC", "peroxide"),
        ("C" * 41, "41 heavy atoms"),
    ],
)
def test_check_says_why_a_molecule_is_not_proposed(domain: Molecules, text: str, reason: str):
    assert any(reason in result.message for result in domain.check(text))


@pytest.mark.parametrize("text", DRUGS)
def test_check_lets_drugs_pass_but_for_the_alerts_of_the_campaign(domain: Molecules, text: str):
    assert [item for item in domain.check(text) if not item.is_policy] == []


def test_features_begin_with_counts_and_similarity_is_their_tanimoto(domain: Molecules):
    features = domain.features(DRUGS)
    counts = features[:, :N_COUNTS]
    expected = [[np.minimum(a, b).sum() / np.maximum(a, b).sum() for b in counts] for a in counts]
    assert domain.similarity(DRUGS, DRUGS) == pytest.approx(np.array(expected))
    assert (np.diag(domain.similarity(DRUGS, DRUGS)) == 1).all()
    assert (domain.features(["CCCCCC"])[:, :N_COUNTS].max()) > 1
    assert domain.features([]).shape == (0, features.shape[1])


def test_sdf_is_read_back_with_its_columns():
    rows = [
        {
            "candidate_id": f"c{i}",
            "object": text,
            "smiles": text,
            "rank": i,
            "qed": 0.5,
            "comment": None,
            "reason": "a\nb",
        }
        for i, text in enumerate(["C[C@H](N)C(=O)O", *DRUGS])
    ]
    supplier = Chem.SDMolSupplier()
    content = write_sdf(rows).decode()
    assert content.count("V3000") == len(rows)
    supplier.SetData(content)
    molecules = list(supplier)
    assert [Chem.MolToSmiles(mol) for mol in molecules] == [row["object"] for row in rows]
    assert [mol.GetProp("_Name") for mol in molecules] == ["c0", "c1", "c2", "c3"]
    assert molecules[1].GetPropsAsDict()["rank"] == 1
    assert molecules[1].GetProp("reason") == "a b"
    assert molecules[1].GetProp("comment") == ""


def test_drawing_is_svg_with_captions(domain: Molecules):
    root = svg_root(domain.draw([*DRUGS, *DRUGS], [f"caption {i}" for i in range(6)]))
    assert root.tagName.endswith("svg")
    assert root.getAttribute("width") == "1040px"
    assert len(root.getElementsByTagName("path")) > 60
    assert svg_root(domain.draw([], [])).tagName.endswith("svg")


def svg_root(text: str) -> Element:
    return parseString(text).documentElement  # noqa: S318 - our own text


def test_the_kernel_reads_the_features(domain: Molecules):
    features = torch.tensor(domain.features(DRUGS))
    kernel = domain.kernel().double()
    near = kernel.smooth(features[:, N_AMOUNTS:]).to_dense().detach().numpy()
    shared = tanimoto(features[:, :N_AMOUNTS], features[:, :N_AMOUNTS]).numpy()
    assert (near > 0).all()
    assert kernel(features).to_dense().detach().numpy() == pytest.approx(shared + near, abs=1e-6)


def test_the_torch_free_half_loads_no_torch():
    code = """
import sys
from models.domains.molecules import PLUGIN
domain = PLUGIN.open(PLUGIN.spec(fragments=("[*]c1ccccc1",)))
text = domain.parse({"smiles": "CCO"})
domain.properties([text], list(domain.computed)), domain.check(text), domain.features([text])
domain.similarity([text], [text]), domain.draw([text], ["ethanol"])
domain.formats["sdf"].write([{"object": text}])
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own code
