"""Residues placed in any order: the same peptides as by appending, and edits anywhere."""

import pytest
import torch

from models.domains.peptides.any_order import AnyOrderPeptides
from models.domains.peptides.domain import Peptides
from models.domains.peptides.environment import PeptidesEnvironment
from models.domains.peptides.spec import PeptidesSpec
from models.gflownet.conditioning import ConditionSampler
from models.gflownet.environment import Environment
from models.gflownet.exact import enumerate_space
from models.gflownet.exploration.local_search import LocalSearch
from models.gflownet.policy import Policy, PolicySpec

CONDITIONS = ConditionSampler((1.0, 4.0), 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"min_length": 1, "max_length": 3, "alphabet": "AKW"},
        {"min_length": 3, "max_length": 3, "alphabet": "AK"},
        {"min_length": 2, "max_length": 4, "alphabet": "GL", "fixed": {2: "C"}},
        {"min_length": 2, "max_length": 2, "alphabet": "G", "fixed": {1: "C", 2: "L"}},
    ],
)
def test_every_peptide_that_can_be_appended_can_be_placed_and_no_other(fields: dict[str, object]) -> None:
    spec = PeptidesSpec.model_validate(fields)
    appended, placed = PeptidesEnvironment(spec), AnyOrderPeptides(spec)
    texts = [
        environment.objects(enumerate_space(environment).final_states) for environment in (appended, placed)
    ]
    assert sorted(texts[0]) == sorted(texts[1])
    assert placed.log_counts() == appended.log_counts()
    states, is_known = placed.states([*texts[0], "not a peptide"])
    assert is_known.tolist() == [True] * len(texts[0]) + [False]
    assert placed.objects(states[:-1]) == texts[0]
    assert placed.size(states[:-1]).tolist() == [len(text) for text in texts[0]]
    assert torch.equal(states[-1:], placed.reset(1))


def edited_positions(environment: Environment) -> list[int]:
    """Return at which positions local search by two steps changes a peptide."""
    generator = torch.Generator().manual_seed(0)
    policy = Policy(environment, CONDITIONS, PolicySpec(width=8), generator)
    search = LocalSearch(lambda states, _: torch.zeros(len(states)), depth=2, n_rounds=1)
    states, _ = environment.states(["AAAAAA"] * 200)
    _, proposed = search.move(policy, environment, states, CONDITIONS.fixed(1.0, n=200), generator)
    return (proposed[:, :6] != states[:, :6]).any(dim=0).nonzero().squeeze(1).tolist()


def test_local_search_edits_anywhere() -> None:
    fields = {"min_length": 6, "max_length": 6, "alphabet": "AKW"}
    assert edited_positions(PeptidesEnvironment(PeptidesSpec.model_validate(fields))) == [4, 5]
    assert edited_positions(AnyOrderPeptides(PeptidesSpec.model_validate(fields))) == [0, 1, 2, 3, 4, 5]


def test_the_specification_chooses_and_appends_by_default() -> None:
    opened = [
        Peptides(PeptidesSpec.model_validate({"min_length": 1, **fields}))
        for fields in ({}, {"construction": "any_order"})
    ]
    kinds = [type(domain.environment([])) for domain in opened]
    assert kinds == [PeptidesEnvironment, AnyOrderPeptides]
    assert [domain.every_prefix_may_stop for domain in opened] == [True, False]
    assert [domain.structure for domain in opened] == ["tokens", None]
