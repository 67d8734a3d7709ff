"""What is refused before a campaign is stored: unreadable parts, and settings that exclude each other."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from models.domains import collections, open_domain
from models.domains.collections import CollectionMissingError
from models.domains.molecules.designs.marked import read_marked
from models.domains.molecules.domain import Molecules
from models.domains.molecules.spec import MoleculesSpec

Upload = Callable[[str], Mapping[str, str]]
NAPHTHALENE = "[*:1]c1ccc2ccccc2c1"
REFUSED = [
    (
        {"scaffold": {"smiles": "[*:1]C"}, "link": {"ends": ["[*]C", "[*]C"]}},
        "/link",
        "combined with scaffold",
    ),
    ({"scaffold": {"smiles": "CCC"}}, "/scaffold/smiles", "no numbered position"),
    ({"scaffold": {"smiles": "[*]C[*]"}}, "/scaffold/smiles", "number its positions"),
    ({"scaffold": {"smiles": "[*:1]CC[*:1]"}}, "/scaffold/smiles", "position 1 is there twice"),
    ({"scaffold": {"smiles": "[*:1]C.C"}}, "/scaffold/smiles", "more than one piece"),
    ({"scaffold": {"smiles": NAPHTHALENE, "r_groups": {"2": None}}}, "/scaffold/r_groups/2", "no position 2"),
    (
        {"scaffold": {"smiles": NAPHTHALENE, "r_groups": {"1": ["[*]F", "C[*]C[*]"]}}},
        "/scaffold/r_groups/1/1",
        "single bond",
    ),
    (
        {"scaffold": {"smiles": NAPHTHALENE, "r_groups": {"1": ["H"]}}},
        "/scaffold/r_groups/1",
        "no substituent",
    ),
    (
        {"scaffold": {"smiles": NAPHTHALENE, "r_groups": {"1": ["[*]F"]}, "filled": ["1"]}},
        "/scaffold/filled",
        "has a list",
    ),
    (
        {"scaffold": {"smiles": NAPHTHALENE, "r_groups": {"1": ["[*]F"]}}, "fragments": ["[*]OC", "[*]CC"]},
        "/fragments",
        "not used",
    ),
    ({"scaffold": {"smiles": NAPHTHALENE}, "max_rings": 1}, "/max_rings", "at least 2"),
    ({"scaffold": {"smiles": NAPHTHALENE}, "max_heavy_atoms": 9}, "/max_heavy_atoms", "at least 10"),
    ({"grow": {"core": "Clc1ccccc1"}, "forbidden": ["F", "Clc"]}, "/forbidden/1/smarts", "grow keeps it"),
    (
        {
            "scaffold": {"smiles": NAPHTHALENE, "r_groups": {"1": ["[*]F", "[*]Cl"]}},
            "leads": {"smiles": ["CCCCCCO"], "min_similarity": 0.9},
        },
        "/scaffold",
        "none of its 2 molecules",
    ),
    ({"link": {"ends": ["[*]C", "[*]C[*:2]"]}}, "/link/ends/1", "number its positions"),
    ({"required": ["F"], "forbidden": ["F"]}, "/forbidden/0/smarts", "required"),
    ({"leads": ["CCO", "C1CC"]}, "/leads/smiles/1", "valid SMILES"),
    ({"exclude": ["CCO", "xx"]}, "/exclude/smiles/1", "valid SMILES"),
    ({"known": {"collection": "0" * 64}}, "/known/smiles", "collection"),
    ({"min_heavy_atoms": 50}, "/min_heavy_atoms", "max_heavy_atoms"),
    ({"required": ["C" * 60]}, "/required/0/smarts", "has 60 atoms, and max_heavy_atoms is 40"),
    ({"required": ["F", "c1ccccc1"], "max_rings": 0}, "/required/1/smarts", "has 1 ring, and max_rings is 0"),
    ({"forbidden": ["F", "*"]}, "/forbidden/1/smarts", "is in every molecule"),
    ({"forbidden": ["[#6]"]}, "/forbidden/0/smarts", "is in every molecule"),
]


@pytest.fixture
def upload() -> Iterator[Upload]:
    contents: dict[str, bytes] = {}

    def source(digest: str) -> bytes:
        if digest not in contents:
            raise CollectionMissingError(digest)
        return contents[digest]

    def add(text: str) -> Mapping[str, str]:
        digest = hashlib.sha256(text.encode()).hexdigest()
        contents[digest] = text.encode()
        return {"collection": digest}

    collections.set_source(source)
    yield add
    collections.set_source(collections._no_source)


@pytest.mark.parametrize(("settings", "pointer", "said"), REFUSED)
def test_a_setting_is_refused_by_its_field(settings: Mapping[str, Any], pointer: str, said: str):
    with pytest.raises(ValidationError) as refused:
        MoleculesSpec.model_validate(settings)
    (error,) = refused.value.errors()
    assert error["ctx"]["pointer"] == pointer
    assert said in error["msg"]
    assert MoleculesSpec.from_stored(settings)


@pytest.mark.parametrize("field", ["leads", "exclude", "known"])
@pytest.mark.parametrize(
    ("value", "places"),
    [
        ([], [("smiles", "list")]),
        ({"collection": "zz"}, [("smiles", "collection", "collection")]),
        ({"smiles": {"collection": "0" * 64, "column": "x"}}, [("smiles", "collection", "column")]),
    ],
)
def test_a_wrong_list_has_errors_of_its_own_kind_alone(field: str, value: Any, places: list[tuple[str, ...]]):
    with pytest.raises(ValidationError) as refused:
        MoleculesSpec.model_validate({field: value})
    assert [error["loc"] for error in refused.value.errors()] == [(field, *place) for place in places]


def test_hydrogens_of_a_drawn_substructure_are_counted_at_their_atoms():
    domain = open_domain(MoleculesSpec.model_validate({"forbidden": ["[H]N([H])C"]}))
    assert [item.code for item in domain.check("CCN")] == ["forbidden [H]N([H])C"]
    assert domain.check("CCNC") == []
    with pytest.raises(ValidationError, match="hydrogens are counted at their atoms"):
        MoleculesSpec.model_validate({"required": ["[H]"]})


def test_a_substructure_that_is_no_smarts_is_refused_by_its_place():
    with pytest.raises(ValidationError) as refused:
        MoleculesSpec.model_validate({"forbidden": ["F", "Q("]})
    (error,) = refused.value.errors()
    assert (error["loc"], error["ctx"]["pointer"]) == (("forbidden", 1), "/smarts")
    assert "'Q(' is no SMARTS" in error["msg"]


@pytest.mark.parametrize(
    "text",
    [
        "[*:1]c1ccc([*:2])cc1",
        "[1*]c1ccc([2*])cc1",
        "[R1]c1ccc([R2])cc1",
        "*c1ccc(*)cc1 |$_R1;;;;;_R2;;$|",
        """
     RDKit          2D

  4  3  0  0  0  0  0  0  0  0999 V2000
    0.0000    0.0000    0.0000 R#  0  0  0  0  0  0  0  0  0  0  0  0
    1.2990    0.7500    0.0000 C   0  0  0  0  0  0  0  0  0  0  0  0
    2.5981   -0.0000    0.0000 O   0  0  0  0  0  0  0  0  0  0  0  0
    3.8971    0.7500    0.0000 R#  0  0  0  0  0  0  0  0  0  0  0  0
  1  2  1  0
  2  3  1  0
  3  4  1  0
M  RGP  2   1   1   4   2
M  END
""",
    ],
)
def test_positions_are_read_from_every_notation(text: str):
    assert [mark.label for mark in read_marked(text).marks] == ["1", "2"]


def test_an_r_group_table_gives_each_position_its_column(upload: Upload):
    table = upload("r1,r2,ic50\n[*]F,H,3\n[*]Cl,[*]OC,\n,[*]C#N,2\n")
    spec = {"scaffold": {"smiles": "[*:1]c1ccc([*:2])cc1", "table": table}}
    domain = Molecules(MoleculesSpec.model_validate(spec))
    assert domain.design is not None
    assert [len(item.groups or ()) for item in domain.design.positions] == [2, 2]
    assert [item.may_stay_open for item in domain.design.positions] == [False, True]
    assert domain.remarks("COc1ccc(F)cc1").items() >= {"R1": "F[*:1]", "R2": "CO[*:2]"}.items()


def test_substituents_are_read_as_chemists_write_them():
    spec = {"smiles": "[*:1]c1ccccc1", "r_groups": {"R1": ["OC", "[*:1]F", "Cl[*]", "[H][*:1]", "CO[*]"]}}
    domain = Molecules(MoleculesSpec.model_validate({"scaffold": spec}))
    assert domain.design is not None
    assert [item.core for item in domain.design.groups] == ["CO", "F", "Cl"]
    assert domain.design.positions[0].may_stay_open


def test_an_uploaded_list_names_the_row_that_cannot_be_read(upload: Upload):
    with pytest.raises(ValidationError, match="data row 2: 'xx' is not a valid SMILES"):
        MoleculesSpec.model_validate({"exclude": upload("smiles\nCCO\nxx\n")})
    domain = Molecules(MoleculesSpec.model_validate({"exclude": upload("id,smiles\n1,CCO\n2,CCN.Cl\n")}))
    assert [item.code for text in ("CCO", "CCN", "CCC") for item in domain.check(text)] == ["excluded"] * 2


def _parts(domain: Molecules, text: str) -> dict[str, str]:
    return {name: part for name, part in domain.remarks(text).items() if name != "stereo"}


def test_a_batch_tells_substituents_and_linkers():
    scaffold = Molecules(MoleculesSpec.model_validate({"scaffold": {"smiles": "O=C([*:1])Nc1ccccc1[*:2]"}}))
    assert _parts(scaffold, "C[C@H](F)C(=O)Nc1ccccc1") == {"R1": "C[C@H](F)[*:1]", "R2": "[H]"}
    assert _parts(scaffold, "CCO") == {"R1": "", "R2": ""}
    link = Molecules(MoleculesSpec.model_validate({"link": {"ends": ["[*]c1ccncc1", "[*]c1ccccc1F"]}}))
    assert _parts(link, "Fc1ccccc1CCOc1ccncc1") == {"linker": "C(C[*:2])O[*:1]"}
