"""What a campaign's own rules refuse: substructures, sizes, lists, and the distance from leads. Torch-free.

Knows finished molecules alone. What an environment can keep out by its masks it does; these rules hold for
whatever comes from anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, final

import numpy as np
from cachetools import LRUCache
from rdkit.Chem import rdMolDescriptors

from models.domains.contract import ComputedProperty, Violation
from models.domains.molecules.chemistry.matching import TooComplexError, matches, read_smarts
from models.domains.molecules.chemistry.molecules import molecule, shown
from models.domains.molecules.chemistry.reading import read_smiles
from models.domains.molecules.designs.edits import edits
from models.domains.molecules.designs.lists import compounds, index_of, members, skeleton, skeletons

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rdkit import Chem

    from models.domains.contract import Floats
    from models.domains.molecules.designs.settings import Settings
    from models.domains.molecules.designs.spec import ForbiddenPattern, RequiredPattern

_KEPT_VERDICTS = 100_000
_MOST_MATCHES = 10_000
COMPUTED = {
    "lead_similarity": ComputedProperty("Tanimoto similarity to the nearest lead", range=(0.0, 1.0)),
    "excluded_similarity": ComputedProperty(
        "Tanimoto similarity to the nearest excluded compound", range=(0.0, 1.0)
    ),
    "known_similarity": ComputedProperty(
        "Tanimoto similarity to the nearest known compound", range=(0.0, 1.0)
    ),
}


def computed_of(spec: Settings) -> dict[str, ComputedProperty]:
    """Return the computed properties that the lists of a specification add."""
    lists = {
        "lead_similarity": spec.leads,
        "excluded_similarity": spec.exclude,
        "known_similarity": spec.known,
    }
    return {name: COMPUTED[name] for name, stated in lists.items() if stated is not None}


@final
@dataclass(frozen=True, slots=True)
class Pattern:
    """A substructure with how often it may occur; `code` names it in counts of refusals."""

    code: str
    query: Chem.Mol
    least: int
    most: int | None

    def violation(self, mol: Chem.Mol) -> str | None:
        """Return what is wrong with the number of occurrences, counted by sets of atoms."""
        try:
            found = matches(mol, self.query, _MOST_MATCHES)
        except TooComplexError:
            return "cannot be searched within the time limit, so it is refused"
        n = len({frozenset(match) for match in found})
        if n < self.least:
            return f"is there {n} times, and at least {self.least} are required"
        if self.most is not None and n > self.most:
            return f"is there {n} times, and at most {self.most} are allowed"
        return None


def patterns(
    required: Sequence[RequiredPattern], forbidden: Sequence[ForbiddenPattern]
) -> tuple[Pattern, ...]:
    """Return the compiled substructures of a specification."""
    return (
        *(
            Pattern(f"required {item.smarts}", read_smarts(item.smarts), item.min, item.max)
            for item in required
        ),
        *(Pattern(f"forbidden {item.smarts}", read_smarts(item.smarts), 0, item.max) for item in forbidden),
    )


@final
class CampaignRules:
    """The rules of one specification, compiled when first asked; verdicts are kept."""

    def __init__(self, spec: Settings) -> None:
        self._spec = spec
        self._verdicts: LRUCache[str, tuple[Violation, ...]] = LRUCache(_KEPT_VERDICTS)
        self._lock = Lock()

    def violations(self, text: str) -> tuple[Violation, ...]:
        """Return what a molecule breaks, cheap rules first."""
        if not self._has_rules:
            return ()
        with self._lock:
            kept = self._verdicts.get(text)
        if kept is None:
            kept = (*self._sizes(text), *self._substructures(text), *self._listed(text), *self._led(text))
            with self._lock:
                self._verdicts[text] = kept
        return kept

    def similarity(self, texts: Sequence[str], name: str) -> Floats:
        """Return the similarity of each molecule to the nearest of the list that a property names [N]."""
        spec = self._spec
        stated = {
            "lead_similarity": spec.leads,
            "excluded_similarity": spec.exclude,
            "known_similarity": spec.known,
        }[name]
        if stated is None:
            raise KeyError(name)
        index = index_of(stated.smiles, self._spec.tautomers)
        return np.array([index.nearest(text).similarity for text in texts], dtype=np.float64)

    @cached_property
    def _has_rules(self) -> bool:
        spec = self._spec
        sizes = spec.min_heavy_atoms > 1 or spec.max_rings is not None or spec.max_rotatable_bonds is not None
        lists = (spec.leads, spec.exclude, spec.known)
        return sizes or bool(spec.required or spec.forbidden) or any(item is not None for item in lists)

    @cached_property
    def _patterns(self) -> tuple[Pattern, ...]:
        return patterns(self._spec.required, self._spec.forbidden)

    def _sizes(self, text: str) -> Iterator[Violation]:
        spec, mol = self._spec, molecule(text)
        heavy = mol.GetNumHeavyAtoms()
        if heavy < spec.min_heavy_atoms:
            yield Violation("min_heavy_atoms", f"has {heavy} heavy atoms, fewer than {spec.min_heavy_atoms}")
        counted = (
            ("max_rings", spec.max_rings, rdMolDescriptors.CalcNumRings, "rings"),
            (
                "max_rotatable_bonds",
                spec.max_rotatable_bonds,
                rdMolDescriptors.CalcNumRotatableBonds,
                "rotatable bonds",
            ),
        )
        for code, most, count, what in counted:
            if most is not None and (n := count(mol)) > most:
                yield Violation(code, f"has {n} {what}, more than {most}")

    def _substructures(self, text: str) -> Iterator[Violation]:
        for pattern in self._patterns:
            if (wrong := pattern.violation(molecule(text))) is not None:
                yield Violation(pattern.code, f"the substructure {pattern.code.split(' ', 1)[1]} {wrong}")

    def _listed(self, text: str) -> Iterator[Violation]:
        spec = self._spec
        known = spec.known
        form = read_smiles(text, spec.tautomers).text if known or spec.exclude else text
        if spec.exclude is not None:
            yield from self._excluded(form)
        if known is not None and not known.propose and form in members(known.smiles, spec.tautomers):
            yield Violation("known", "is a known compound of the lab", is_of_novelty=True)

    def _excluded(self, text: str) -> Iterator[Violation]:
        stated = self._spec.exclude
        assert stated is not None
        if text in members(stated.smiles, self._spec.tautomers):
            yield Violation("excluded", "is on the list of excluded compounds", is_of_novelty=True)
        elif stated.stereoisomers and self._has_excluded_skeleton(text):
            yield Violation(
                "excluded", "is a stereoisomer of a compound on the list of excluded ones", is_of_novelty=True
            )
        elif stated.max_similarity is not None:
            near = index_of(stated.smiles, self._spec.tautomers).nearest(text)
            if near.similarity >= stated.max_similarity:
                detail = (
                    f"has similarity {near.similarity:.2f} to the excluded {shown(near.text)}; below "
                    f"{stated.max_similarity:g} is asked"
                )
                yield Violation("excluded_similarity", detail, is_of_novelty=True)

    def _has_excluded_skeleton(self, text: str) -> bool:
        stated, tautomers = self._spec.exclude, self._spec.tautomers
        return stated is not None and skeleton(text, tautomers) in skeletons(stated.smiles, tautomers)

    def _led(self, text: str) -> Iterator[Violation]:
        leads = self._spec.leads
        if leads is None:
            return
        if leads.min_similarity is not None or leads.max_similarity is not None:
            near = index_of(leads.smiles, self._spec.tautomers).nearest(text)
            said = f"has similarity {near.similarity:.2f} to the nearest lead, {shown(near.text)}"
            if leads.min_similarity is not None and near.similarity < leads.min_similarity:
                yield Violation("min_similarity", f"{said}; at least {leads.min_similarity:g} is asked")
            if leads.max_similarity is not None and near.similarity > leads.max_similarity:
                detail = f"{said}; at most {leads.max_similarity:g} is asked"
                yield Violation("max_similarity", detail, is_of_novelty=True)
        most, rules = leads.max_edits, self._spec.fragmentation
        starts = compounds(leads.smiles, self._spec.tautomers)
        if most is not None and all(edits(lead, text, most, rules) is None for lead in starts):
            yield Violation("max_edits", f"is more than {most} fragment edits away from every lead")
