"""Patterns, in which operators write hazard lists: each domain's own language, and nothing that cannot be read."""

from typing import Any

import pytest
from domain_examples import Example

from models.domains import installed
from models.domains.contract import Domain


def opened(kind: str, **spec: Any) -> Domain:
    plugin = installed()[kind]
    return plugin.open(plugin.spec.model_validate({"kind": kind, **spec}))


def held(domain: Domain, pattern: str, *rows: dict[str, str]) -> list[bool]:
    matches = domain.pattern(pattern)
    return [matches(domain.parse(row)) for row in rows]


def test_an_empty_pattern_is_none_in_any_domain(example: Example):
    for blank in ("", "  "):
        with pytest.raises(ValueError, match=r"."):
            example.domain.pattern(blank)


def test_smarts_find_substructures():
    rows = [{"smiles": smiles} for smiles in ("Clc1ccccc1", "ClCC", "C1=CC=CC=C1Cl", "Oc1ccccc1.Cl")]
    assert held(opened("molecules"), "c1ccccc1[Cl,Br]", *rows) == [True, False, True, False]


def test_regular_expressions_find_motifs_whatever_the_ends_and_the_case():
    peptides = opened("peptides")
    rows = [{"sequence": sequence} for sequence in ("AKKAKA", "Ac-AKKAK-NH2", "KAKA", "ACA")]
    assert held(peptides, "kk.K", *rows) == [True, True, False, False]
    assert held(peptides, "Ac", *rows) == [False, False, False, True]  # a residue motif, not the acetyl group


def test_elements_and_formulas():
    domain = opened("materials", space="composition", elements=["Pb", "Te", "Tl", "Cd", "S"])
    rows = [{"formula": formula} for formula in ("PbTe", "Pb2Te2", "TlPbTe2", "CdS", "PbTeS")]
    assert held(domain, "Cd", *rows) == [False, False, False, True, False]
    assert held(domain, "Pb, Tl", *rows) == [False, False, True, False, False]
    assert held(domain, "TePb", *rows) == [True, True, False, False, False]


def test_components_and_settings():
    domain = opened(
        "materials",
        space="mixture",
        components=["water", "ethanol"],
        grid=4,
        process=[
            {"name": "temperature", "type": "ordinal", "values": [20, 40]},
            {"name": "base", "type": "categorical", "values": ["KOAc", "CsOAc"]},
        ],
    )
    rows = [
        {"water": "1", "ethanol": "0", "temperature": "40", "base": "KOAc"},
        {"water": "0.5", "ethanol": "0.5", "temperature": "20", "base": "CsOAc"},
    ]
    assert held(domain, "Ethanol", *rows) == [False, True]
    assert held(domain, "water, temperature = 40.0", *rows) == [True, False]
    assert held(domain, "base=csoac", *rows) == [False, True]
    assert held(domain, "phosgene", *rows) == [False, False]
    with pytest.raises(ValueError, match="temperature"):
        domain.pattern("temperature")


@pytest.mark.parametrize(
    ("kind", "spec", "nonsense"),
    [
        ("molecules", {}, "c1ccc("),
        ("peptides", {}, "(K"),
        ("peptides", {}, "K*"),
        ("materials", {"space": "composition", "elements": ["Pb", "Te"]}, "Pb,TlCl"),
        ("materials", {"space": "composition", "elements": ["Pb", "Te"]}, "lead"),
        ("materials", {"space": "mixture", "components": ["water", "ethanol"]}, "water,,ethanol"),
        ("switches", {}, "01x"),
    ],
)
def test_what_is_no_pattern_is_refused(kind: str, spec: dict[str, Any], nonsense: str):
    with pytest.raises(ValueError, match=r"."):
        opened(kind, **spec).pattern(nonsense)
