"""A list of molecules: its texts in normal form, what it calls them, and its environment of digits."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from environment_walks import check_backward, check_forward, check_states, pick, walk
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


def test_walks_keep_the_contract_of_environments() -> None:
    environment = ListedObjects(Catalogue(tuple(f"{index:03d}" for index in range(130))))
    generator = torch.Generator().manual_seed(3)
    batches = walk(environment, seed=7)
    assert len(batches) - 1 == environment.max_steps == 2
    for states in batches:
        check_states(environment, states)
    states = batches[-1]
    for earlier in reversed(batches[:-1]):
        states = check_backward(environment, states, pick(environment.backward_mask(states), generator))
        assert torch.equal(states, earlier)
    forward = check_forward(environment, states, pick(environment.forward_mask(states), generator))
    check_states(environment, forward)


@pytest.mark.parametrize(
    ("fields", "pointer", "detail"),
    [
        ({"builder": "library"}, "/library", "needs a list"),
        ({"library": ["C"]}, "/library", "no other builder does"),
        ({"builder": "library", "library": ["CCO", "oops"]}, "/1", "not a valid SMILES"),
        ({"builder": "library", "library": ["CCO"], "max_heavy_atoms": 20}, "/max_heavy_atoms", "not read"),
        ({"builder": "library", "library": ["CCO"], "max_ring_size": 12}, "/max_ring_size", "not read"),
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
