"""A campaign of reactions: its fields, its properties, and a round of the example."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.domains.molecules.spec import MoleculesSpec
from models.propose import propose
from models.records import History, Measurement

EXAMPLE = Path(__file__).parents[5] / "examples" / "molecules" / "reactions.json"
OBJECTS = (
    "O=C(c1ccc(Br)cc1)N1CCOCC1",
    "O=C(NCc1cccnc1)c1ccc(Br)cc1",
    "Fc1ccc(CN2CCOCC2)cc1",
    "CCO",
    "c1ccccc1O",
)


def _spec(**reactions: Any) -> MoleculesSpec:
    return MoleculesSpec.model_validate({"kind": "molecules", "builder": "reactions", "reactions": reactions})


@pytest.mark.parametrize(
    ("reactions", "message"),
    [
        (
            {"templates": ["amide copling"]},
            "no common reaction is called 'amide copling'; near it: amide coupling",
        ),
        ({"templates": []}, "there is no reaction"),
        ({"stock": ["C1CCNCC1", "CX"]}, "row 2: 'CX' is not a valid SMILES"),
        (
            {"own_templates": [{"name": "odd", "smarts": "[C:1][Cl,Br]>>[C:1]O", "conditions": ""}]},
            "odd: .* leaves and may be several elements",
        ),
        (
            {
                "own_templates": [
                    {"name": "four", "smarts": "[C:1].[N:2].[O:3]>>[C:1][N:2][O:3]", "conditions": ""}
                ]
            },
            "four: it has 3 reactants",
        ),
        (
            {"own_templates": [{"name": "none", "smarts": "CCO", "conditions": ""}]},
            "none: .* no .*reaction SMARTS",
        ),
    ],
)
def test_what_cannot_be_used_is_named(reactions: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        _spec(**reactions)


def test_a_template_does_not_take_the_name_of_a_common_one() -> None:
    own = {
        "name": "amide coupling",
        "smarts": "[C:1](=[O:3])[OH].[NH2:2]>>[C:1](=[O:3])[N:2]",
        "conditions": "",
    }
    with pytest.raises(ValidationError, match="a common reaction has this name"):
        _spec(own_templates=[own])
    assert _spec(own_templates=[own], templates=[]).reactions is not None


def test_a_list_that_was_not_uploaded_is_named() -> None:
    with pytest.raises(ValidationError, match="collection 0000"):
        _spec(stock={"collection": "0" * 64})


def test_only_the_builder_reads_reactions() -> None:
    with pytest.raises(ValidationError, match="only builder reactions"):
        MoleculesSpec.model_validate({"kind": "molecules", "reactions": {}})


def test_what_reactions_do_not_read_is_refused_and_tautomers_stay_as_drawn() -> None:
    assert _spec().tautomers == "as_drawn"
    for name, value in (
        ("tautomers", "merged"),
        ("vocabulary_size", 50),
        ("fragments", ["[*]c1ccccc1", "[*]C"]),
    ):
        with pytest.raises(ValidationError, match="builder reactions"):
            MoleculesSpec.model_validate({"kind": "molecules", "builder": "reactions", name: value})


def test_cost_is_a_property_where_every_block_has_a_price() -> None:
    priced = open_domain(
        _spec(stock=[{"smiles": "OC(=O)c1ccccc1", "price": 1}, {"smiles": "NCC1CC1", "price": 2}])
    )
    product = "O=C(NCC1CC1)c1ccccc1"
    values = priced.properties([product, "CCO"], ["route_cost", "route_steps", "qed"])
    assert values["route_steps"][0] == 1
    assert values["route_cost"][0] == pytest.approx((122.12 + 2 * 71.12) / 175.23 / 0.8, rel=1e-3)
    assert str(values["route_cost"][1]) == "nan"
    assert "route_cost" not in open_domain(_spec()).computed
    route = priced.route(product)
    assert route is not None
    assert route["cost"] == pytest.approx(values["route_cost"][0])
    assert priced.route("CCO") is None


@pytest.mark.slow
def test_a_round_of_the_example_proposes_molecules_with_routes() -> None:
    document = json.loads(EXAMPLE.read_text())
    spec = CampaignSpec.model_validate(document | {"sampler": {"steps": 4}})
    results = tuple(
        Measurement(object=text, type="logS", value=-1.0 - place) for place, text in enumerate(OBJECTS)
    )
    proposal = propose(spec, History(results), seed=3, report=lambda *_: None, is_diagnosed=False)
    domain = open_domain(spec.domain)
    assert len(proposal.candidates) == 4
    for candidate in proposal.candidates:
        route = domain.route(candidate.object)
        assert route is not None
        assert route["steps"][-1]["product"] == candidate.object
        assert len(route["steps"]) <= 3
        assert route["cost"] <= 60
