from collections.abc import Sequence

import pytest

from models.domains.molecules import PLUGIN
from models.domains.molecules.fragments import build_vocabulary
from models.domains.molecules.fragments.build_vocabulary import is_clean
from models.domains.molecules.fragments.common import (
    Attachment,
    common_fragments,
    older_fragments,
)
from models.domains.molecules.fragments.fragmentation import Join, cut
from models.domains.molecules.fragments.fragments import (
    Fragment,
    InvalidFragmentError,
    automorphisms,
    read_attachments,
    write_attachments,
)
from models.domains.molecules.fragments.rules import UNITS
from models.domains.molecules.fragments.vocabulary import compile_fragments
from models.domains.molecules.spec import MoleculesSpec


def fragments_of(spec: MoleculesSpec, known: Sequence[str]) -> tuple[Fragment, ...]:
    return PLUGIN.open(spec).builder.fragments(known)


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
    pieces = cut("COc1ccccc1")
    assert pieces.cores == ("CO", "c1ccccc1")
    assert pieces.joins == (Join(0, 1, 1, pieces.joins[0].right_atom),)


def test_stored_campaigns_keep_their_fragments():
    stored = MoleculesSpec.from_stored({"kind": "molecules"})
    assert (stored.fragmentation, stored.max_fragments, stored.max_heavy_atoms) == ("brics", 6, 32)
    assert len(older_fragments()) == 300
    assert {fragment.rules for fragment in fragments_of(stored, ["C[C@H](N)C(=O)O"])} == {"brics"}
    assert {fragment.rules for fragment in fragments_of(MoleculesSpec(), [])} == {"units"}


def test_common_fragments_are_many_clean_and_the_most_frequent_first():
    entries = common_fragments()
    texts = [entry.smiles for entry in entries]
    assert len(texts) == len(set(texts)) >= 300
    assert [e.molecules for e in entries] == sorted((e.molecules for e in entries), reverse=True)
    assert all(is_clean(read_attachments(text)[0]) for text in texts)
    assert {"*C(*)(*)*", "*O*", "*N(*)*", "*F", "*C#N", "*C(F)(F)F"} <= set(texts)


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("CC(=O)Nc1ccc(OC)cc1", ["C", "C", "NC=O", "O", "c1ccccc1"]),
        ("N#Cc1ccc(S(=O)(=O)N(C)C)cc1F", ["C", "C", "C#N", "F", "N[SH](=O)=O", "c1ccccc1"]),
        ("FC(F)(F)Oc1ccncc1", ["FC(F)F", "O", "c1ccncc1"]),
        ("NNC(=O)C=Cc1ccccc1", ["C=CC(=O)NN", "c1ccccc1"]),
    ],
)
def test_units_leave_groups_whole_and_cut_what_chemists_vary(text: str, cores: list[str]):
    assert sorted(cut(text, "units").cores) == sorted(cores)


def test_sites_are_where_the_stars_are():
    phenyl, para, methyl, oxygen = compile_fragments(["[*]c1ccccc1", "[*]c1cnc([*])cn1", "OC"], UNITS)
    assert (len(phenyl.atoms), len(para.atoms)) == (1, 2)
    assert (oxygen.core, len(oxygen.atoms), methyl.core, len(methyl.atoms)) == ("O", 2, "C", 1)


@pytest.mark.parametrize("text", ["F", "C", "C#N", "O", "N", "C(F)(F)F"])
def test_a_fragment_without_star_is_a_substituent(text: str):
    fragments = compile_fragments([text, "[*]c1ccccc1"], UNITS)
    assert [len(fragment.atoms) for fragment in fragments] == [1, 1]


def test_sites_that_a_symmetry_would_confuse_are_completed():
    (fragment,) = compile_fragments(["[*]c1ccc([*])c([*])c1"], UNITS)
    assert len(fragment.atoms) == 6


def test_two_configurations_are_two_fragments():
    left, right, either = compile_fragments(["[*][C@@H]1CCOC1", "[*][C@H]1CCOC1", "[*]C1CCOC1"], UNITS)
    assert left.core == right.core == either.core
    assert len({left.centres, right.centres, either.centres}) == 3


def test_exchanging_what_a_centre_holds_is_one_fragment():
    fragments = compile_fragments(["[1*][C@H](C#N)[2*]", "[1*][C@@H](C#N)[2*]", "C"], UNITS)
    assert sum(bool(fragment.centres) for fragment in fragments) <= 1


def test_custom_fragments_are_accepted_or_refused_with_the_reason():
    spec = MoleculesSpec(fragments=("[*]c1ccccc1", "[*]OC"))
    assert [fragment.core for fragment in fragments_of(spec, ["CCN"])] == ["c1ccccc1", "C", "O"]
    with pytest.raises(ValueError, match=r"no bond is ever cut or made"):
        MoleculesSpec(fragments=("[*]B(O)O",))


def test_macrocycles_need_to_be_admitted():
    macrocycle = "O=C1CCCCCCCCCCCN1"
    is_in = [
        any(f.core == macrocycle for f in fragments_of(MoleculesSpec(max_ring_size=size), [macrocycle]))
        for size in (8, 14)
    ]
    assert is_in == [False, True]


def test_building_counts_fragments_and_what_is_attached():
    twice = ["COc1ccc(N2CCOCC2)cc1", "COc1ccc(N2CCCCC2)cc1"]
    rows = build_vocabulary.count_fragments(twice)
    assert [(read_attachments(text)[0], n) for text, n in rows] == [("C", 2), ("O", 2), ("c1ccccc1", 2)]
    counts = build_vocabulary.count_attachments(twice)
    assert counts[Attachment("aromatic", "O", "ether")] == 1
    assert counts[Attachment("", "C", "")] == 0.5


def test_groups_that_filters_refuse_are_no_fragments():
    assert is_clean("C1COCCN1")
    for core in ("C1CO1", "NN", "O=[N+][O-]", "O=C1C=CC(=O)C=C1", "C[Si](C)C"):
        assert not is_clean(core)
