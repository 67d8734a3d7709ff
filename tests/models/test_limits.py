"""Lengths and counts of a specification are refused before its chemistry; what is remembered has a size."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from models.campaign.requests import SampleRequest
from models.campaign.spec import MOST_GUARDRAILS, CampaignSpec
from models.domains import open_domain
from models.domains.materials.charge_balance import reachability
from models.domains.materials.charge_balance.elements import element_table
from models.domains.molecules.chemistry import fingerprints, molecules, reading
from models.domains.molecules.fragments import attachments, symmetry, vocabulary
from models.domains.molecules.spec import MoleculesSpec
from models.reward.evaluation import CampaignModel
from models.rounds.training.state_reward import StateReward
from models.safety.screened_domain import ScreenedDomain

ATTEMPTS = 300


def spec(domain: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return {"name": "x", "domain": domain or {"kind": "molecules"}, "objectives": [{"name": "a"}], **changes}


def places(document: dict[str, Any]) -> list[tuple[Any, ...]]:
    with pytest.raises(ValidationError) as refused:
        CampaignSpec.model_validate(document)
    return [error["loc"] for error in refused.value.errors()]


@pytest.fixture
def no_chemistry(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise AssertionError("chemistry before the limits")

    monkeypatch.setattr(vocabulary, "compile_fragments", fail)
    monkeypatch.setattr(molecules, "molecule", fail)
    monkeypatch.setattr("models.domains.materials.descriptors.is_structure", fail)


@pytest.mark.usefixtures("no_chemistry")
@pytest.mark.parametrize(
    ("document", "place"),
    [
        (spec({"kind": "molecules", "fragments": ["C1" + "C" * 3_998 + "C1[*]"]}), ("fragments", 0)),
        (spec({"kind": "molecules", "fragments": ["[*]C"] * 601}), ("fragments",)),
        (spec(name="x" * 10**6), ("name",)),
        (spec(objectives=[{"name": "a", "type": "x" * 10**6}]), ("type",)),
        (spec(objectives=[{"name": "a", "units": "m" * 1_000}]), ("units",)),
        (spec(guardrails=[{"name": f"g{i}", "type": "t", "min": 1} for i in range(5_000)]), ("guardrails",)),
        (spec(constraints=[{"property": "qed", "min": 0}] * 5_000), ("constraints",)),
        (spec(batch={"limits": [{"kind": "group", "by": "cluster", "max": 1}] * 100}), ("limits",)),
        (spec(batch={"controls": [{"smiles": "C" * 10_000}]}), ("smiles",)),
        (spec(batch={"controls": [{f"c{i}": "C" for i in range(1_000)}]}), ("controls", 0)),
        (spec(proxies={"kinds": ["gaussian_process"] * 1_000}), ("kinds",)),
        (spec({"kind": "peptides", "alphabet": "A" * 10**6}), ("alphabet",)),
    ],
)
def test_what_is_too_long_or_too_many_is_refused_before_any_chemistry(
    document: dict[str, Any], place: tuple[Any, ...]
):
    assert any(loc[-len(place) :] == place for loc in places(document))


@pytest.mark.usefixtures("no_chemistry")
def test_a_categorical_variable_is_described_by_so_much():
    def of(**described: Any) -> dict[str, Any]:
        variable = {
            "type": "categorical",
            "name": "solvent",
            "values": [f"v{i}" for i in range(100)],
            **described,
        }
        return spec({"kind": "materials", "space": "mixture", "process": [variable]})

    assert places(of(smiles={f"v{i}": "C" * 301 for i in range(100)}))
    assert places(of(descriptors={f"v{i}": [1.0] * 256 for i in range(100)}))


@pytest.mark.parametrize("text", ["[*]C" + "C" * 80, "[*]" + "C1CC1" * 27])
def test_a_fragment_larger_than_any_molecule_is_refused(text: str):
    with pytest.raises(attachments.InvalidFragmentError, match="a molecule has at most 80"):
        attachments.read_attachments(text)


@pytest.mark.parametrize("max_atoms", [5, 17, 40])
def test_whether_oxidation_states_balance_is_found_without_a_table(
    max_atoms: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reachability, "_taken", None)  # the dynamic programme
    states = tuple(tuple(range(-9, 10)) for _ in range(89))
    assert reachability.has_valid_composition(states, max_atoms, 8)
    pairs = tuple((-1, 3) if place % 2 else (2, -2) for place in range(89))
    assert reachability.has_valid_composition(pairs, max_atoms, 8)


@pytest.mark.parametrize(
    ("states", "max_atoms", "max_elements"),
    [
        (((2,), (-3,)), 4, 2),
        (((2,), (-3,)), 5, 2),
        (((2,), (-3,)), 5, 1),
        (((0,), (3,)), 1, 1),
        (((9,), (-8,), (-1,)), 10, 2),
        (((9,), (-8,), (-1,)), 12, 3),
        (((7,), (-5,), (-4,), (3,)), 5, 3),
        (((7,), (-5,), (-4,), (3,)), 5, 4),
        (((1, -1),), 8, 4),
        (((1, -1), (1, -1)), 2, 2),
        (((3, 4), (3, 5)), 12, 4),
    ],
)
def test_the_shortcut_says_what_the_whole_table_says(states: Any, max_atoms: int, max_elements: int):
    table = reachability.reachability(states, max_atoms, max_elements)
    starts = table.contexts.index(reachability.START)
    is_possible = any(sets >> table.bound & 1 for element in table.allowed[starts] for sets in element)
    assert reachability.has_valid_composition(states, max_atoms, max_elements) == is_possible


def test_a_large_specification_of_elements_is_accepted():
    elements = list(element_table())[:89]
    states = {symbol: list(range(-9, 10)) for symbol in elements}
    domain = {
        "kind": "materials",
        "space": "composition",
        "elements": elements,
        "max_atoms": 40,
        "max_elements": 8,
    }
    document = spec({**domain, "oxidation_states": "custom", "custom_oxidation_states": states})
    assert CampaignSpec.model_validate(document).domain.kind == "materials"
    states["Fe"] = list(range(-9, 10)) * 100
    assert places(document)


@pytest.mark.usefixtures("no_chemistry")
def test_an_accepted_specification_is_read_again_without_its_chemistry():
    stored = spec(
        {"kind": "molecules", "fragments": ["[*]C", "[*]c1ccccc1[*]"]}, batch={"controls": [{"smiles": "C"}]}
    )
    assert CampaignSpec.from_stored(stored).batch.controls == ({"smiles": "C"},)
    solvents = {"type": "categorical", "name": "s", "values": ["a", "b"], "smiles": {"a": "C", "b": "CC"}}
    mixture = spec({"kind": "materials", "space": "mixture", "process": [solvents]})
    assert CampaignSpec.from_stored(mixture).domain.kind == "materials"
    with pytest.raises(ValidationError, match="chemistry before"):
        CampaignSpec.model_validate(mixture)


def test_as_many_guardrails_as_are_allowed_are_accepted():
    rails = [{"name": f"g{i}", "type": f"t{i}", "min": 1} for i in range(MOST_GUARDRAILS)]
    assert len(CampaignSpec.model_validate(spec(guardrails=rails)).guardrails) == MOST_GUARDRAILS


@pytest.mark.parametrize(
    "asked",
    [
        {"avoid": ["A" * 1_001]},
        {"avoid": ["A"] * 17},
        {"like": {"object": {"smiles": "C" * 10_000}}},
        {"avoid_groups": [{"by": "x" * 1_000, "object": {"smiles": "C"}}]},
        {"preference": {f"o{i}": 1.0 for i in range(100)}},
    ],
)
def test_a_request_for_samples_has_limits(asked: dict[str, Any]):
    with pytest.raises(ValidationError):
        SampleRequest.model_validate(asked)


def test_molecules_fingerprints_and_symmetries_are_remembered_by_size():
    cache = molecules.molecule.cache
    assert cache.maxsize == molecules.KEPT_BYTES
    for length in range(ATTEMPTS):
        molecules.molecule("C" * (1_500 + length))
        fingerprints.count_fingerprints(["C" * (length + 1)])
    for size in range(5):  # a ring of so many atoms holds a hundred megabytes
        molecules.molecule("C1" + "C" * (1_780 + size) + "C1")
    assert len(cache) < 5
    assert cache.currsize <= molecules.KEPT_BYTES
    assert fingerprints._counts.cache.currsize <= fingerprints.KEPT_COUNTS
    symmetry.automorphisms("C1" + "C" * 198 + "C1")
    assert symmetry.automorphisms.cache.currsize >= 2 * 200 * 200
    assert symmetry.automorphisms.cache.maxsize == symmetry._KEPT_IMAGES
    with pytest.raises(attachments.InvalidFragmentError, match="take too long"):
        symmetry.automorphisms("C1" + "C" * 700 + "C1")


def test_what_a_round_remembers_of_objects_is_bounded_and_changes_no_number(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("models.reward.evaluation.MOST_KNOWN", 3)
    monkeypatch.setattr("models.rounds.training.state_reward.MOST_TEXTS", 3)
    model = CampaignModel.__new__(CampaignModel)
    model.domain, model._computed, model._known = open_domain(MoleculesSpec()), ["heavy_atoms"], {}
    environment = SimpleNamespace(
        key=lambda states: states[:, 0], objects=lambda states: ["C" * int(row[0]) for row in states]
    )
    reward = StateReward(environment, None)
    for start in range(1, 20):
        texts = ["C" * (start + step) for step in range(3)]
        assert model._computed_values(texts)["heavy_atoms"].tolist() == [float(len(text)) for text in texts]
        assert reward.texts(torch.arange(start, start + 3)[:, None]) == texts
        assert max(len(model._known), len(reward._texts)) <= 3 + 3


def test_a_screened_domain_remembers_so_many_objects(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("models.safety.screened_domain.MOST_KNOWN", 5)
    spec = MoleculesSpec()
    screened = ScreenedDomain(open_domain(spec), spec, ())
    assert [screened.hazards("C" * n) for n in range(1, 20)] == [[]] * 19
    assert len(screened._hazards) == 5


def test_the_texts_that_are_remembered_have_a_length():
    before = reading._read.cache_info().currsize
    with pytest.raises(reading.InvalidObjectError, match="longer than 2000"):
        reading.canonical_smiles("C" * 2_001)
    assert reading.canonical_smiles(" " * 50_000 + "CCO") == "CCO"
    assert reading._read.cache_info().currsize <= before + 1
