"""Routes: exact counts and masks, all routes to a molecule, and what a chemist reads."""

import random
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from models.domains.molecules.chemistry.reading import canonical_smiles
from models.domains.molecules.reactions.chemistry import Reactions
from models.domains.molecules.reactions.description import describe
from models.domains.molecules.reactions.groups import tracked_groups
from models.domains.molecules.reactions.route import Route
from models.domains.molecules.reactions.space import open_reactions
from models.domains.molecules.reactions.spec import ReactionsSpec
from models.domains.molecules.reactions.stock import Stock
from models.domains.molecules.reactions.templates import own_templates
from models.domains.molecules.reactions.tracking import random_route

SMALL = [
    "O=C(O)c1ccc(Br)cc1",
    "COC(=O)c1ccc(B(O)O)cc1",
    "OB(O)c1ccccc1",
    "C1COCCN1",
    "NCc1ccccc1",
    "CC(C)(C)OC(=O)N1CCNCC1",
    "Clc1ncccn1",
    "O=Cc1ccccc1",
]
PRICES = {"O=C(O)c1ccc(Br)cc1": "2", "C1COCCN1": "0.5"}


@pytest.fixture(scope="module")
def common() -> Reactions:
    return open_reactions(ReactionsSpec(), 40)


@pytest.fixture(scope="module")
def small() -> Reactions:
    rows = [{"smiles": text, "price": PRICES.get(canonical_smiles(text), "")} for text in SMALL]
    return Reactions(own_templates(), tracked_groups(), Stock.from_rows(rows), 2, 40)


def _possible(reactions: Reactions, smiles: str) -> Iterator[tuple[int, int | None]]:
    """Yield every step that masks allow, with every partner."""
    for step, kind in enumerate(reactions.steps):
        if reactions.may_react(smiles, step):
            partners = [None] if kind.is_unimolecular else np.flatnonzero(reactions.partners[step]).tolist()
            yield from ((step, partner) for partner in partners)


def _all_routes(reactions: Reactions) -> Iterator[tuple[str, Route]]:
    frontier = [(block.smiles, Route(place)) for place, block in enumerate(reactions.stock.blocks)]
    for _ in range(reactions.max_steps + 1):
        yield from frontier
        frontier = [
            (product, Route(route.first, (*route.steps, taken)))
            for smiles, route in frontier
            for taken in _possible(reactions, smiles)
            if (product := reactions.apply(smiles, *taken)) is not None
        ]


def test_tracked_counts_and_sizes_are_those_of_rdkit_on_random_routes(common: Reactions) -> None:
    rng = random.Random(11)  # noqa: S311 - a sample, no secret
    n_steps = 0
    for _ in range(40):
        for smiles, step, partner, product in random_route(common, rng):
            other = 0 if partner is None else common.counts[partner]
            assert common.is_tracked[step]
            tracked = common.count(smiles) + other + common.change[step]
            assert tracked.tolist() == common.count(product).tolist(), (smiles, step, partner, product)
            n_steps += 1
    assert n_steps > 60


def test_a_route_is_among_the_routes_of_its_molecule(common: Reactions) -> None:
    rng = random.Random(12)  # noqa: S311 - a sample, no secret
    for _ in range(4):
        steps = list(random_route(common, rng))
        if steps:
            first = common.stock.index[steps[0][0]]
            route = Route(first, tuple((step, partner) for _, step, partner, _ in steps))
            made = common.execute(route)
            assert made == steps[-1][-1]
            assert route in common.routes(made)
            assert all(common.execute(other) == made for other in common.routes(made))


def test_all_routes_are_those_of_brute_force(small: Reactions) -> None:
    made = list(_all_routes(small))
    counted = Counter(smiles for smiles, _ in made)
    assert len(counted) > 50
    assert max(counted.values()) > 2
    assert len(set(made)) == len(made)
    for smiles in [text for text, _ in counted.most_common(6)] + sorted(counted)[::9]:
        assert set(small.routes(smiles)) == {route for text, route in made if text == smiles}
    assert small.routes("c1ccc2ccccc2c1") == ()


def test_masks_allow_exactly_what_can_be_executed(small: Reactions) -> None:
    for block in small.stock.blocks:
        possible = set(_possible(small, block.smiles))
        for step in range(len(small.steps)):
            for partner in (None, *range(len(small.stock.blocks))):
                product = small.apply(block.smiles, step, partner)
                assert (product is not None) == ((step, partner) in possible)
                if product is not None:
                    other = 0 if partner is None else small.heavy_atoms[partner]
                    size = small.heavy_atoms[small.stock.index[block.smiles]] + other - small.lost_atoms[step]
                    assert size <= small.max_heavy_atoms


def test_limits_of_size_and_steps_hold(small: Reactions) -> None:
    (route,) = (
        route for text, route in _all_routes(small) if text == "c1ccc(CN2CCOCC2)cc1" and route.first == 3
    )
    assert small.execute(route) == "c1ccc(CN2CCOCC2)cc1"
    tight = Reactions(small.templates, small.tracked, small.stock, 2, 12)
    assert tight.execute(route) is None
    assert not tight.routes("c1ccc(CN2CCOCC2)cc1")
    none = Reactions(small.templates, small.tracked, small.stock, 0, 40)
    assert none.execute(route) is None


def test_a_description_names_steps_blocks_and_cost(small: Reactions) -> None:
    amide = "O=C(c1ccc(Br)cc1)N1CCOCC1"
    route = small.best_route(amide)
    assert route is not None
    told = small.describe(route)
    assert [step["product"] for step in told["steps"]] == [amide]
    assert "HATU" in told["steps"][0]["conditions"]
    assert told["expected_yield"] == pytest.approx(0.8)
    assert told["n_routes"] == len(small.routes(amide)) == 2
    assert told["cost"] == pytest.approx((2 * 201.02 + 0.5 * 87.12) / 0.8 / 270.13, rel=1e-3)
    assert small.describe(Route(1))["cost"] is None


def test_a_centre_without_control_is_said_to_be_a_racemate() -> None:
    stock = Stock.from_rows(
        [{"smiles": text} for text in ("CC(=O)c1ccccc1", "NC1CC1", "CC(C)=O", "C[C@H](N)C(=O)OC")]
    )
    reactions = Reactions(own_templates(), tracked_groups(), stock, 1, 40)

    def told(product: str) -> str | None:
        (route, *_) = reactions.routes(canonical_smiles(product))
        return str(describe(reactions, route, 1)["steps"][0]["stereochemistry"])

    assert "mixture" in str(told("CC(NC1CC1)c1ccccc1"))
    assert told("CC(C)NC1CC1") == "None"
    assert told("CC(C)N[C@@H](C)C(=O)OC") == "None"


def test_templates_of_users_are_executed_and_counted() -> None:
    spec = ReactionsSpec(
        max_steps=2,
        stock=["Nc1ccccc1", "ClCC(=O)c1ccccc1", "C#Cc1ccccc1", "BrCCBr", "NCCN", "BrCc1ccccc1"],
        templates=(),
        own_templates=[
            {
                "name": "benzylation",
                "smarts": "[NX3;H2:1][c:2].[c:4][CH2:3]Br>>[N:1]([c:2])[CH2:3][c:4]",
                "conditions": "K2CO3, MeCN, 60 C",
                "forbids": ["C#C"],
            }
        ],
    )
    reactions = open_reactions(spec, 40)
    product = "c1ccc(CNc2ccccc2)cc1"
    assert {text for text, _ in _all_routes(reactions)} - set(reactions.stock.index) == {product}
    assert len(reactions.routes(product)) == 2
    assert not reactions.is_tracked.any()
    assert reactions.describe(reactions.routes(product)[0])["expected_yield"] is None
