"""A list of molecules: its texts in normal form, what it calls them, and its environment of digits."""

import hashlib
from collections.abc import Callable, Iterator

import pytest
import torch

from models.domains import collections, open_domain
from models.domains.collections import CollectionMissingError, CollectionReference
from models.domains.molecules.chemistry.normal_form import NORMAL_FORM
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
    catalogue = open_catalogue(keep(rows))
    assert catalogue.texts == ("CCO", "CN")
    assert catalogue.names("CCO") == {"catalogue_number": "A-1"}
    assert catalogue.names("CN") == catalogue.names("CCC") == {}
    trusted = open_catalogue(keep(collections.with_normal_form(NORMAL_FORM, "smiles,compound_id\nCCO,7\n")))
    assert trusted.names("CCO") == {"id": "7"}
    older = collections.with_normal_form("another", "smiles\nOCC\n")
    assert open_catalogue(keep(older)).texts == ("CCO",)


def test_a_list_without_molecules_says_so(keep: Keep) -> None:
    with pytest.raises(CollectionMissingError, match="no row of it is a molecule"):
        open_catalogue(keep("smiles\noops\n"))
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


def test_rules_of_building_do_not_shorten_a_list() -> None:
    large = "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC(=O)N"
    domain = open_domain(MoleculesSpec(builder="library", library=(large,)))
    assert domain.check(large) == []
