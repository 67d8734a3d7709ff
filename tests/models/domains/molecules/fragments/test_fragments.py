import json
from collections.abc import Sequence
from importlib.resources import files

import pytest

from models.domains.molecules.fragments import build_vocabulary
from models.domains.molecules.fragments.build_vocabulary import is_clean
from models.domains.molecules.fragments.fragmentation import Join, Pieces, cut
from models.domains.molecules.fragments.fragments import (
    Fragment,
    InvalidFragmentError,
    automorphisms,
    read_attachments,
    write_attachments,
)
from models.domains.molecules.fragments.vocabulary import common_fragments, compile_fragments, vocabulary
from models.domains.molecules.spec import MoleculesSpec


def fragments_of(spec: MoleculesSpec, known: Sequence[str]) -> tuple[Fragment, ...]:
    return vocabulary(spec.fragments, spec.vocabulary_size, spec.max_heavy_atoms, known)


def compiled(text: str) -> Fragment:
    return compile_fragments([text, "[*]CC", "[*]c1ccccc1"])[0]


@pytest.mark.parametrize(
    ("text", "orbits", "n_symmetries"),
    [
        ("[*]c1ccccc1", (0, 0, 0, 0, 0, 0), 12),
        ("[*]N1CCNCC1", (0, 0), 2),
        ("[*]N([*])[*]", (0, 0, 0), 6),
        ("[*]NC([*])=O", (0, 1), 1),
        ("[*]CC[*]", (0, 0), 2),
        ("[*]c1ccc([*])nc1", (0, 1, 1, 0), 2),
        ("[*]n1ccnc1", (0,), 1),
    ],
)
def test_symmetric_sites_are_one_orbit(text: str, orbits: tuple[int, ...], n_symmetries: int):
    fragment = compiled(text)
    assert fragment.orbits == orbits
    assert len(fragment.permutations) == n_symmetries


def test_an_azole_nitrogen_with_hydrogen_is_not_its_twin():
    assert automorphisms("c1c[nH]cn1") == ((0, 1, 2, 3, 4),)


@pytest.mark.parametrize("text", ["[*]c1ccccc1", "*N(*)C", "*S(*)(=O)=O", "*n1ccnc1", "*C(*)(*)O", "CO"])
def test_attachments_are_read_and_written(text: str):
    core, sites = read_attachments(text)
    assert read_attachments(write_attachments(core, sites)) == (core, sites)
    assert sites.total() == text.count("*")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("c1cc", "not a valid SMILES"),
        ("[*]", "end one single bond"),
        ("[*]=C", "single bond"),
        ("C[*]C", "single bond"),
        ("[*]C.C", "connected"),
        ("[*]C=C", "no bond is ever cut"),
        ("[*]OCCc1ccccc1", "itself be cut"),
        ("[*]Nc1ccccc1", "itself be cut"),
        ("[*]NC=O", "must be substituted"),
        ("[*]O", "must be substituted"),
        ("[*]C([*])([*])C([*])[*]", "itself be cut|too symmetric"),
    ],
)
def test_what_cannot_be_a_fragment_is_refused_with_its_reason(text: str, reason: str):
    with pytest.raises(InvalidFragmentError, match=reason):
        compile_fragments([text, "[*]c1ccccc1"])


def test_a_linker_that_nothing_can_end_is_refused():
    with pytest.raises(InvalidFragmentError, match="no other fragment fits"):
        compile_fragments(["[*]O[*]"])


def test_the_two_ends_of_methanol_are_two_fragments_and_one_of_them_stands_alone():
    methoxy, hydroxymethyl, _ = compile_fragments(["[*]OC", "[*]CO", "[*]c1ccccc1"])
    assert {methoxy.environments, hydroxymethyl.environments} == {("ether",), ("alkyl",)}
    assert {methoxy.required, hydroxymethyl.required} == {0, 1}


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("CC(=O)Nc1ccc(O)cc1", ["CC(N)=O", "Oc1ccccc1"]),
        ("O=C(c1ccccc1)N1CCN(Cc2ccccc2)CC1", ["C", "C1CNCCN1", "C=O", "c1ccccc1", "c1ccccc1"]),
        ("O=S(=O)(c1ccccc1)N1CCOCC1", ["C1COCCN1", "O=[SH2]=O", "c1ccccc1"]),
        ("Cc1ccccc1", ["Cc1ccccc1"]),
        ("c1ccc(-n2ccnc2)cc1", ["c1c[nH]cn1", "c1ccccc1"]),
        ("C[C@H](N)C(=O)OCC", ["CC", "CC(N)C(=O)O"]),
    ],
)
def test_molecules_are_cut_where_chemists_would(text: str, cores: list[str]):
    assert sorted(cut(text).cores) == sorted(cores)


def test_joins_name_the_atoms_of_the_cores():
    assert cut("COc1ccccc1") == Pieces(("CO", "c1ccccc1"), (Join(0, 1, 1, cut("COc1ccccc1").joins[0].right_atom),))


def test_common_fragments_are_many_clean_and_in_order():
    texts = common_fragments()
    assert len(texts) == len(set(texts)) == 300
    assert read_attachments(texts[0])[0] == "c1ccccc1"
    assert len(fragments_of(MoleculesSpec(), [])) >= 200
    assert len(fragments_of(MoleculesSpec(vocabulary_size=50), [])) < 60


def test_custom_fragments_are_accepted_or_refused_with_the_reason():
    spec = MoleculesSpec(fragments=("[*]c1ccccc1", "[*]OC"))
    assert [fragment.core for fragment in fragments_of(spec, ["CCN"])] == ["c1ccccc1", "CO"]
    with pytest.raises(ValueError, match=r"fragments\n.*no bond is ever cut or made"):
        MoleculesSpec(fragments=("[*]C=C",))


def test_the_committed_vocabulary_is_clean_and_the_most_frequent_first():
    content = json.loads((files("models.domains.molecules.fragments") / "vocabulary.json").read_text())
    entries = content["fragments"]
    assert [entry["molecules"] for entry in entries] == sorted((e["molecules"] for e in entries), reverse=True)
    assert all(is_clean(read_attachments(entry["smiles"])[0]) for entry in entries)
    assert {"BRENK", "NIH", "PAINS"} == set(content["filters"])


def test_building_counts_fragments_and_keeps_the_sites_in_use(monkeypatch: pytest.MonkeyPatch):
    twice = ["COc1ccc(CCN2CCOCC2)cc1", "COc1ccc(CCN2CCCCC2)cc1", "O=Cc1ccccc1", "O=Cc1ccccc1CCN1CCOCC1"]
    monkeypatch.setattr(build_vocabulary, "source_molecules", lambda: twice)
    entries = build_vocabulary.build()["fragments"]
    assert entries == [
        {"smiles": "*c1c(*)c(*)c(*)c(*)c1*", "molecules": 4},
        {"smiles": "*CC*", "molecules": 3},
        {"smiles": "*N1CCOCC1", "molecules": 2},
        {"smiles": "*OC", "molecules": 2},
    ]


def test_groups_that_filters_refuse_are_no_fragments():
    assert is_clean("C1COCCN1")
    for core in ("C1CO1", "NN", "O=[N+]([O-])c1ccccc1", "O=C1C=CC(=O)C=C1", "CCCCCCCCCCCC", "C[Si](C)C"):
        assert not is_clean(core)
