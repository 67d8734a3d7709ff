"""A list of molecules: its texts in normal form, what it calls them, and its environment of digits."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from models.domains import collections, open_domain
from models.domains.collections import CollectionMissingError, CollectionReference
from models.domains.molecules.chemistry.normal_form import named_form
from models.domains.molecules.chemistry.reading import read_smiles
from models.domains.molecules.library.catalogue import Catalogue, open_catalogue
from models.domains.molecules.library.environment import ListedObjects
from models.domains.molecules.spec import MoleculesSpec
from models.gflownet.exact import enumerate_space

Keep = Callable[[str | bytes], CollectionReference]


@pytest.fixture
def keep() -> Iterator[Keep]:
    """Keep contents where this process reads collections."""
    contents: dict[str, bytes] = {}

    def source(digest: str) -> bytes:
        if digest not in contents:
            raise CollectionMissingError(digest)
        return contents[digest]

    def put(content: str | bytes) -> CollectionReference:
        raw = content.encode() if isinstance(content, str) else content
        digest = hashlib.sha256(raw).hexdigest()
        contents[digest] = raw
        return CollectionReference(collection=digest)

    collections.set_source(source)
    open_catalogue.cache_clear()
    yield put
    collections.set_source(collections._no_source)


def test_a_list_of_other_spellings_is_standardised_and_its_first_names_hold(keep: Keep) -> None:
    rows = 'smiles,note,catalogue_number\nOCC,"a ""b""\nc",A-1\nCCO,,A-2\noops,,A-3\nC[NH3+].[Cl-],,\n'
    catalogue = open_catalogue(keep(rows), "merged")
    assert catalogue.texts == ("CCO", "CN")
    assert catalogue.names("CCO") == {"catalogue_number": "A-1"}
    assert catalogue.names("CN") == catalogue.names("CCC") == {}
    content = collections.with_normal_form(named_form("merged"), b"smiles,compound_id\nCCO,7\n")
    trusted = open_catalogue(keep(content), "merged")
    assert trusted.names("CCO") == {"id": "7"}
    older = collections.with_normal_form("another", b"smiles\nOCC\n")
    assert open_catalogue(keep(older), "merged").texts == ("CCO",)


def test_a_campaign_with_tautomers_as_drawn_reads_what_was_sent(keep: Keep) -> None:
    drawn = "Oc1ccccn1"
    merged = read_smiles(drawn, "merged").text
    assert merged != (text := read_smiles(drawn, "as_drawn").text)
    table = f"smiles,smiles_as_sent,id\n{merged},{drawn},7\n".encode()
    reference = keep(collections.with_normal_form(named_form("merged"), table))
    assert open_catalogue(reference, "merged").texts == (merged,)
    apart = open_catalogue(reference, "as_drawn")
    assert (apart.texts, apart.names(text)) == ((text,), {"id": "7"})


def test_a_list_without_molecules_says_so(keep: Keep) -> None:
    with pytest.raises(CollectionMissingError, match="no row of it is a molecule"):
        open_catalogue(keep("smiles\noops\n"), "merged")
    with pytest.raises(ValueError, match="no column 'smiles'"):
        MoleculesSpec(builder="library", library=keep("name\nethanol\n"))


@pytest.mark.parametrize("n", [1, 2, 64, 65, 4097])
def test_the_environment_reaches_every_object_of_a_list_once(n: int) -> None:
    texts = tuple(f"{index:05d}" for index in range(n))
    environment = ListedObjects(Catalogue(texts))
    assert environment.objects(environment.listed()) == list(texts)
    space = enumerate_space(environment)
    assert sorted(environment.objects(space.final_states)) == list(texts)
    states, is_known = environment.states([*texts, "other"])
    assert torch.equal(states[:-1], environment.listed())
    assert is_known.tolist() == [True] * n + [False]


@pytest.mark.parametrize(
    ("fields", "pointer", "detail"),
    [
        ({"builder": "library"}, "/library", "needs a list"),
        ({"library": ["C"]}, "/library", "no other builder does"),
        ({"builder": "library", "library": ["CCO", "oops"]}, "/1", "not a valid SMILES"),
        ({"builder": "library", "library": ["CCO"], "max_heavy_atoms": 20}, "/max_heavy_atoms", "not read"),
    ],
)
def test_what_is_wrong_with_a_list_is_named(fields: dict[str, Any], pointer: str, detail: str) -> None:
    with pytest.raises(ValidationError, match=detail) as caught:
        MoleculesSpec.model_validate(fields)
    assert caught.value.errors()[0]["ctx"]["pointer"] == pointer
    again = MoleculesSpec.model_validate({"builder": "library", "library": ["CCO"]})
    assert MoleculesSpec.model_validate(again.model_dump(mode="json")) == again


def test_rules_of_building_do_not_shorten_a_list() -> None:
    large = "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC(=O)N"
    domain = open_domain(MoleculesSpec(builder="library", library=(large,)))
    assert "max_heavy_atoms" not in [item.code for item in domain.check(large)]
