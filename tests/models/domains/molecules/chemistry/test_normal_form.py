"""All drawings of one molecule have one normal form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rdkit import Chem

from models.domains.molecules import PLUGIN
from models.domains.molecules.chemistry.normal_form import normal_form
from models.domains.molecules.chemistry.reading import read_smiles
from models.domains.molecules.environment.assembly import assemble
from models.domains.molecules.environment.fragment_trees import FragmentTrees
from models.domains.molecules.fragments.vocabulary import compile_fragments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domains.molecules.domain import Molecules
    from models.domains.molecules.fragments.fragments import Fragment
    from models.domains.molecules.spec import MoleculesSpec


def fragments_of(spec: MoleculesSpec, known: Sequence[str]) -> tuple[Fragment, ...]:
    return PLUGIN.open(spec).builder.fragments(known)


@pytest.mark.parametrize(
    "drawings",
    [
        ("CS(=O)c1ccccc1", "C[S+]([O-])c1ccccc1"),
        ("CS(C)(=O)=O", "C[S+2](C)([O-])[O-]", "CS(C)(=O)=O"),
        ("CS(C)(=N)=O", "C[S+](C)([O-])=N", "C[S+](C)([NH-])=O"),
        ("CP(C)(C)=O", "C[P+](C)(C)[O-]"),
        ("C=P(C)(C)C", "[CH2-][P+](C)(C)C"),
        ("C[N+](=O)[O-]", "CN(=O)=O"),
        ("[O-][n+]1ccccc1", "O=n1ccccc1", "O[n+]1ccccc1.[Cl-]", "[O-][N+]1=CC=CC=C1"),
        ("CC[N+](C)(C)[O-]", "CCN(C)(C)=O", "CC[N+](C)(C)O.[Cl-]"),
        ("CN=[N+]=[N-]", "CN=N#N", "C[N-][N+]#N"),
        ("CC=[N+]=[N-]", "C[CH-][N+]#N"),
        ("C[n+]1cc([O-])on1", "C[N+]1=NOC([O-])=C1", "O=C1[CH-][N+](C)=NO1"),
        ("[O-]c1c[n+](-c2ccccc2)no1", "[O-]C1=C[N+](c2ccccc2)=NO1"),
        ("Cn1ccc(=O)cc1", "C[n+]1ccc([O-])cc1"),
        ("CN(C)C=O", "C[N+](C)=C[O-]"),
        ("CN(C)C=N", "C[N+](C)=CN.[Cl-]", "CN(C)C=[NH2+]"),
        ("CC[n+]1ccn(C)c1", "C[n+]1ccn(CC)c1.[Cl-]"),
        ("CCN(C)C=CC=[N+](C)C", "CN(C)C=CC=[N+](C)CC"),
        ("C[N+](C)(C)CC(=O)[O-]", "C[N+](C)(C)CC(=O)O.[Cl-]", "C[N+](C)(C)CC(=O)O"),
        ("C[n+]1cccc(C(=O)[O-])c1", "C[n+]1cccc(C(=O)O)c1.[I-]"),
        ("NCC(=O)O", "[NH3+]CC(=O)[O-]", "[NH3+]CC(=O)O.[Cl-]", "NCC(=O)[O-].[Na+]", "NCC(=O)O[K]"),
        ("CC(=O)CC(C)=O", "CC(=O)[CH-]C(C)=O.[Na+]"),
        ("C[N+](C)(CCCS(=O)(=O)[O-])CC(=O)O", "OS(=O)(=O)CCC[N+](C)(C)CC(=O)[O-]"),
        ("[NH3+]CC[B-](F)(F)F", "F[B-](F)(F)CC[NH3+]", "[H][N+]([H])([H])CC[B-](F)(F)F.Cl"),
        ("[NH3+]CC(C(=O)O)[B-](F)(F)F", "[NH3+]CC([B-](F)(F)F)C(=O)[O-].[K+]"),
        ("[NH3+]CCCNC[B-](F)(F)F", "[NH3+]CCC[NH2+]C[B-](F)(F)F.[Cl-]", "[NH3+]CCCNC[B-](F)(F)F"),
    ],
)
def test_drawings_of_one_compound_have_one_text(drawings: tuple[str, ...]):
    assert {read_smiles(drawing).text for drawing in drawings} == {drawings[0]}


@pytest.mark.parametrize(
    "neutral",
    [
        "[BH3-][NH2+]C",
        "CC[NH2+][B-](F)(F)F",
        "C[NH+](C)C[Si-](F)(F)(F)F",
        "F[B-](F)(F)c1ccc[nH+]c1",
        "[NH3+][BH2-]CC",
    ],
)
def test_a_neutral_inner_salt_keeps_the_protons_that_its_anion_needs(neutral: str):
    read = read_smiles(neutral)
    assert read.text == Chem.CanonSmiles(neutral)
    assert read.warnings == ()


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("[O-]c1c[n+](-c2ccccc2)no1", "O=C1CN(c2ccccc2)NO1"),
        ("C[N+](C)(C)[O-]", "CN(C)CO"),
        ("CS(C)=O", "CSC"),
        ("CC(=O)CC(C)=O", "CC(=O)C=C(C)O"),
    ],
)
def test_different_compounds_stay_apart(left: str, right: str):
    assert read_smiles(left).text != read_smiles(right).text


def test_a_sulfoxide_keeps_its_configuration_in_either_drawing():
    texts = {read_smiles(text).text for text in ("C[S@](=O)c1ccccc1", "C[S@+]([O-])c1ccccc1")}
    assert texts == {"C[S@](=O)c1ccccc1"}
    assert read_smiles("C[S@@+]([O-])c1ccccc1").text == "C[S@@](=O)c1ccccc1"


def test_patterns_and_properties_see_the_normal_form(domain: Molecules):
    texts = [domain.parse({"smiles": text}) for text in ("CS(=O)c1ccccc1", "C[S+]([O-])c1ccccc1")]
    assert all(map(domain.pattern("[#16X3]=[OX1]"), texts))
    tpsa = domain.properties(texts, ["tpsa"])["tpsa"]
    assert tpsa[0] == tpsa[1]


def test_a_pattern_is_not_evaded_by_isotopes(domain: Molecules):
    labelled = domain.parse({"smiles": "[2H]c1ccccc1OC"})
    assert domain.pattern("[cD2]")("c1ccccc1")
    assert domain.pattern("[cD2]1[cD2][cD2][cD2][cD2]c1OC")(labelled)
    assert domain.pattern("[2H]c")(labelled)


def test_fragments_are_read_in_the_normal_form():
    charged, plain = (compile_fragments([text, "[*]c1ccccc1"]) for text in ("[*]C[S+](C)[O-]", "[*]CS(C)=O"))
    assert charged == plain
    assert compile_fragments(["[*]CC(=O)[O-]", "[*]O[*]"])[0].core == "CC(=O)O"


def test_what_is_built_is_what_an_upload_of_it_gives():
    texts = ("[*]N1CC[N+](C)(C)CC1", "[*]CCC(=O)O", "[*]c1ccccc1", "[*]CS(C)=O", "[*]c1cc[n+]([O-])cc1")
    env = FragmentTrees(compile_fragments(texts), 2, 24)
    words = env._tables.first_word + env.n_slots
    singles = env.step(env.reset(len(words)), words)
    source, slot = env.forward_mask(singles)[:, : env.n_slots].nonzero().unbind(1)
    pointed = env.step(singles[source], slot)
    source, word = env.forward_mask(pointed).nonzero().unbind(1)
    built = [assemble([*row[:-1], 1], env.fragments) for row in env.step(pointed[source], word).tolist()]
    assert len(set(built)) > 5
    assert any("[N+]" in text and "[O-]" in text for text in built)
    assert [read_smiles(text).text for text in built] == built


def test_known_labelled_molecules_give_no_labelled_fragments(domain: Molecules):
    known = ["[2H]C([2H])([2H])Oc1ccc(C2(C)CC2)cc1", "[13CH3]c1cc(OC)sc1"]
    assert all(
        "2H" not in fragment.core and "13C" not in fragment.core
        for fragment in fragments_of(domain.spec, known)
    )
    assert len(fragments_of(domain.spec, ["Cc1cc(OC)sc1"])) >= len(fragments_of(domain.spec, known))


def test_the_same_object_is_returned_where_nothing_is_charged():
    for text in ("CCO", "C[N+](=O)[O-]", "CN=[N+]=[N-]", "[C-]#[N+]C"):
        mol = Chem.MolFromSmiles(text)
        assert normal_form(mol) is mol
