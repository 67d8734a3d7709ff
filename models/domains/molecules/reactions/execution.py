"""Execution of reaction SMARTS by RDKit: reactants in, canonical texts out. Torch-free; knows no guards."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from rdkit import Chem, rdBase
from rdkit.Chem import rdChemReactions

from models.domains.contract import InvalidObjectError
from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.chemistry.reading import canonical_smiles

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_PRODUCTS = 100
"""Most sets of products of one reaction that are looked at."""


@lru_cache(maxsize=4096)
def reaction(smarts: str) -> rdChemReactions.ChemicalReaction:
    """Return the compiled reaction.

    Raises:
        ValueError: if the text is no reaction SMARTS.
    """
    with rdBase.BlockLogs():
        compiled: rdChemReactions.ChemicalReaction = rdChemReactions.ReactionFromSmarts(smarts)
        compiled.Initialize()
    return compiled


def products(smarts: str, reactants: Sequence[str]) -> set[str]:
    """Return the distinct products, as canonical texts, of all ways to apply a reaction with one product."""
    return {text for (mol,) in run(smarts, reactants) if (text := text_of(mol)) is not None}


def run(smarts: str, reactants: Sequence[str]) -> tuple[tuple[Chem.Mol, ...], ...]:
    """Return the raw products of all ways to apply a reaction."""
    with rdBase.BlockLogs():
        results = reaction(smarts).RunReactants(tuple(map(molecule, reactants)), MOST_PRODUCTS)
    return tuple(results)


def text_of(mol: Chem.Mol) -> str | None:
    """Return the canonical text of a raw product; None if it is no molecule."""
    with rdBase.BlockLogs():
        try:
            Chem.SanitizeMol(mol)
            return canonical_smiles(Chem.MolToSmiles(mol))
        except (Chem.MolSanitizeException, InvalidObjectError):
            return None


@lru_cache(maxsize=4096)
def lost_atoms(smarts: str) -> int:
    """Return how many heavy atoms of the reactants' patterns are not in the product's."""
    compiled = reaction(smarts)
    before = sum(template.GetNumHeavyAtoms() for template in compiled.GetReactants())
    after = sum(template.GetNumHeavyAtoms() for template in compiled.GetProducts())
    return int(before - after)
