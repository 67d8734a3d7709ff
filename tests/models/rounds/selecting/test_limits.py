"""At most so many of a family, whatever else there is in the pool; and what similarity makes a family."""

from typing import Any

import pytest
import torch
from pydantic import ValidationError

from models.domains import installed
from models.domains.contract import Domain
from models.rounds.selecting.limits import NamedLimits, build_limits, with_cluster_shares
from models.specs.decisions import BatchSpec

FAMILY = [f"{'C' * n}NC(=O)c1ccc(-c2ccccn2)cc1" for n in range(3, 22)]
OTHERS = [
    "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
    "CN1C=NC2=C1C(=O)N(C)C(=O)N2C",
    "OCC1OC(O)C(O)C(O)C1O",
    "c1ccc2[nH]ccc2c1",
]
BRIDGES = [f"{'C' * n}NC(=O)c1ccc(-c2cccnc2)cc1" for n in range(3, 14)]
"""Isomers that are like a part of the family."""


def molecules() -> Domain:
    """Return the domain of molecules."""
    plugin = installed()["molecules"]
    return plugin.open(plugin.spec.model_validate({"kind": "molecules"}))


def limited(domain: Domain, texts: list[str], **limit: Any) -> NamedLimits:
    """Return the limits of a pool, of at most four of a cluster."""
    batch = BatchSpec.model_validate({"limits": [{"kind": "group", "by": "cluster", "max": 4, **limit}]})
    return build_limits(batch, domain, texts, (), None)


def chosen(limits: NamedLimits, texts: list[str]) -> list[str]:
    """Return what is picked when the first in the pool are the best."""
    started, picked = limits.tracker(len(texts), len(texts)), []
    for row, text in enumerate(texts):
        if bool(started.open()[row]):
            started.add(row)
            picked.append(text)
    return picked


@pytest.mark.parametrize(
    "pool",
    [
        FAMILY,
        FAMILY + OTHERS,
        OTHERS + FAMILY,
        BRIDGES + FAMILY,
        [text for pair in zip(BRIDGES, FAMILY, strict=False) for text in pair] + FAMILY[len(BRIDGES) :],
        FAMILY[::-1] + BRIDGES[::-1] + OTHERS,
    ],
)
def test_a_family_never_exceeds_its_most_whatever_else_is_in_the_pool(pool: list[str]) -> None:
    domain = molecules()
    texts = list(dict.fromkeys(domain.parse({"smiles": text}) for text in pool))
    family = {domain.parse({"smiles": text}) for text in FAMILY}
    assert float(domain.similarity(sorted(family), sorted(family)).min()) >= domain.cluster_similarity
    picked = chosen(limited(domain, texts), texts)
    assert len(family & set(picked)) <= 4 <= len(picked)
    assert all(domain.parse({"smiles": text}) in picked for text in OTHERS if text in pool)


def test_the_similarity_of_a_cluster_may_be_stated() -> None:
    domain = molecules()
    texts = [domain.parse({"smiles": text}) for text in FAMILY]
    assert len(chosen(limited(domain, texts, similarity=1.0), texts)) == len(texts)
    limits = limited(domain, texts, similarity=0.05)
    assert len(chosen(limits, texts)) == 4
    assert limits.names == ["at most 4 per cluster (similarity of at least 0.05)"]
    with pytest.raises(ValidationError, match="only clusters have a similarity"):
        limited(domain, texts, by="scaffold", similarity=0.5)


@pytest.mark.parametrize(
    ("kind", "spec", "family", "stranger"),
    [
        (
            "peptides",
            {},
            [{"sequence": text} for text in ("KLAKLAKKLAKL", "KLAKLAKKLAKV", "RLAKLAKKLAKL")],
            "GIGKFLHS",
        ),
        (
            "materials",
            {"space": "composition", "elements": ["Ga", "Al", "As", "P"]},
            [{"formula": text} for text in ("GaAlAs2", "Ga2AlAs3", "GaAl2As3")],
            "GaP",
        ),
    ],
)
def test_each_domain_knows_its_families(
    kind: str, spec: dict[str, Any], family: list[dict[str, str]], stranger: str
) -> None:
    plugin = installed()[kind]
    domain = plugin.open(plugin.spec.model_validate({"kind": kind, **spec}))
    texts = [domain.parse(row) for row in family]
    alike = domain.similarity(texts, texts) >= domain.cluster_similarity
    assert alike.all()
    other = domain.parse({next(iter(family[0])): stranger})
    assert (domain.similarity(texts, [other]) < domain.cluster_similarity).all()


def shares(batch: dict[str, Any], texts: list[str]) -> list[tuple[list[str], int]]:
    domain, spec = molecules(), BatchSpec.model_validate(batch)
    limits = build_limits(spec, domain, texts, (), None)
    values = torch.linspace(1, 0, len(texts), dtype=torch.float64)
    return [(item.names, goal) for item, goal in with_cluster_shares(limits, spec, domain, texts, values)]


def test_a_default_share_of_a_cluster_yields_only_as_far_as_the_pool_asks() -> None:
    domain = molecules()
    texts = [domain.parse({"smiles": text}) for text in FAMILY + OTHERS]
    assert shares({"size": 6, "cluster_share": 0.34}, texts)[0] == (["at most 2 per cluster"], 6)
    # four others leave four places to the family, then six, which only twice the share allows
    assert shares({"size": 8, "cluster_share": 0.25}, texts)[0] == (["at most 4 per cluster"], 8)
    assert shares({"size": 20, "cluster_share": 0.1}, texts)[0] == (["at most 16 per cluster"], 20)
    assert shares({"size": 20, "cluster_share": 0.1}, texts[: len(FAMILY)]) == [([], 0)]
    assert shares({"size": 6, "cluster_share": 1.0}, texts) == [([], 0)]


def test_a_limit_by_cluster_that_is_worded_replaces_the_default_share() -> None:
    domain = molecules()
    texts = [domain.parse({"smiles": text}) for text in FAMILY + OTHERS]
    worded = {"kind": "group", "by": "cluster", "max": 5}
    (names, goal), *more = shares({"size": 6, "cluster_share": 0.2, "limits": [worded]}, texts)
    assert (names, goal, more) == (["at most 5 per cluster (similarity of at least 0.4)"], 0, [])
