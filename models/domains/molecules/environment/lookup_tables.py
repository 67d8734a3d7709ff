"""The vocabulary as tensors, looked up by the environment at every step. It knows no state.

Letters: F fragments, S sites of a fragment at most, P permutations at most, V words, C site classes, E
environments.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import torch
from rdkit.Chem import rdMolDescriptors
from torch import Tensor

from models.domains.molecules.chemistry.molecules import molecule
from models.domains.molecules.environment.hashing import ARRIVAL, FRAGMENT, LEAF, POSITION, splitmix64
from models.domains.molecules.environment.names import name_hash, named_sites
from models.domains.molecules.fragments.compatibility import (
    IMPOSSIBLE,
    AttachAction,
    Cost,
    attach_actions,
    completion_costs,
    is_compatible,
    is_hetero_class,
    keeps_one_hetero,
    site_classes,
)
from models.domains.molecules.fragments.fragments import MAX_REQUIRED
from models.domains.molecules.fragments.rules import RULES, Rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domains.molecules.fragments.fragments import Fragment

N_DESCRIPTORS = 12


@dataclass(frozen=True, slots=True)
class LookupTables:
    """Everything about fragments, their sites and the words that attach them; padded with zeros."""

    heavy_atoms: Tensor  # [F]
    colour: Tensor  # [F + 1] hash of a fragment, at the end that of none
    is_site: Tensor  # [F, S] bool
    site_class: Tensor  # [F, S]
    is_hetero: Tensor  # [F, S] bool
    is_sp3: Tensor  # [F, S] bool
    same_atom: Tensor  # [F, S, S] bool
    position: Tensor  # [F, P, S] hash of the position to which each symmetry maps a site
    relation: Tensor  # [F, S, S] which orbit of ordered pairs of sites, from 1; 0 where there is no site
    arrival: Tensor  # [F, P, S] the same for a site through which one looks at the tree
    word_of_site: Tensor  # [F, S]
    site_hash: Tensor  # [F, S] of the name of each site's word, the same in every vocabulary
    required: Tensor  # [F]
    countable: Tensor  # [F, S] bool
    least_cost: Tensor  # [F] heavy atoms that one required use takes
    extra_cost: Tensor  # [F] more of them when a heteroatom is no longer welcome
    descriptors: Tensor  # [F, N_DESCRIPTORS]
    word_fragment: Tensor  # [V]
    word_site: Tensor  # [V], -1 for a fragment without sites
    word_is_hetero: Tensor  # [V] bool
    word_is_first: Tensor  # [V] bool, the one word of its fragment that may begin a molecule
    word_required: Tensor  # [V] uses still required once attached
    word_hash: Tensor  # [V]
    word_cost: Tensor  # [C, V] heavy atoms with what completes them, by the partner's class
    first_word: Tensor  # [F]
    first_cost: Tensor  # [F] heavy atoms with what completes a fragment that stands alone
    class_features: Tensor  # [C, E + 1] which environment, and whether it refuses heteroatoms
    fits: Tensor  # [C, V] bool
    cheapest: Tensor  # [C, 2, MAX_REQUIRED + 1] least word_cost by kind of word and uses it may still require

    @property
    def n_environments(self) -> int:
        """E."""
        return self.class_features.shape[1] - 1

    def to(self, device: torch.device) -> LookupTables:
        """Return the same tables on a device."""
        return LookupTables(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})


def build(fragments: Sequence[Fragment], n_free: int | None = None) -> LookupTables:
    """Return the tables of a vocabulary that is `joining.completable`.

    Only the first `n_free` fragments are bonded by the rules (default all); the others belong to a design.
    """
    n_free = len(fragments) if n_free is None else n_free
    listed, rules = attach_actions(fragments), RULES[fragments[0].rules]
    sites = _site_tables(fragments, listed, rules)
    sites["is_sp3"][n_free:] = False
    costs = [*completion_costs(fragments[:n_free]), *[Cost(0, 0)] * (len(fragments) - n_free)]
    least = torch.tensor([cost.least for cost in costs])
    is_limited = torch.tensor([f.required > 1 and keeps_one_hetero(f) for f in fragments])
    extra = torch.tensor([cost.other - cost.least for cost in costs]) * is_limited
    return LookupTables(
        **sites,
        least_cost=least,
        extra_cost=extra,
        descriptors=torch.tensor([_descriptors(fragment) for fragment in fragments], dtype=torch.float32),
        **_word_tables(listed, sites, (least, extra), rules, n_free),
    )


def _site_tables(
    fragments: Sequence[Fragment], listed: Sequence[AttachAction], rules: Rules
) -> dict[str, Tensor]:
    n_sites = max(1, *(len(fragment.atoms) for fragment in fragments))
    n_permutations = max(len(fragment.permutations) for fragment in fragments)
    by_site = {(word.fragment, word.site): index for index, word in enumerate(listed)}

    def padded(rows: list[list[Any]]) -> Tensor:
        return torch.tensor([row + [type(row[0])() if row else 0] * (n_sites - len(row)) for row in rows])

    permutation = torch.arange(n_sites).repeat(len(fragments), n_permutations, 1)
    same_atom = torch.zeros(len(fragments), n_sites, n_sites, dtype=torch.bool)
    for index, fragment in enumerate(fragments):
        images = [[fragment.alike[site] for site in images] for images in fragment.permutations]
        group = torch.tensor(images).reshape(len(images), len(fragment.atoms))
        permutation[index, :, : group.shape[1]] = group[0]  # the identity fills the table up
        permutation[index, : group.shape[0], : group.shape[1]] = group
        atoms = torch.tensor(fragment.atoms)
        same_atom[index, : len(atoms), : len(atoms)] = atoms[:, None] == atoms[None, :]
    return {
        "heavy_atoms": torch.tensor([fragment.heavy_atoms for fragment in fragments]),
        "colour": splitmix64(torch.tensor([*range(len(fragments)), -1]) + FRAGMENT),
        "is_site": padded([[True] * len(fragment.atoms) for fragment in fragments]).bool(),
        "site_class": padded([site_classes(fragment) for fragment in fragments]),
        "is_hetero": padded(
            [[e in rules.hetero for e in fragment.environments] for fragment in fragments]
        ).bool(),
        "is_sp3": padded(
            [[e in rules.sp3_carbon for e in fragment.environments] for fragment in fragments]
        ).bool(),
        "same_atom": same_atom,
        "position": splitmix64(permutation + POSITION),
        "relation": _relations(fragments, n_sites),
        "arrival": splitmix64(splitmix64(permutation + POSITION) + ARRIVAL),
        "word_of_site": padded(
            [[by_site[i, o] for o in fragment.orbits] for i, fragment in enumerate(fragments)]
        ),
        "site_hash": padded(
            [
                [name_hash(sites[orbit]) for orbit in fragment.orbits]
                for fragment, (_, sites) in zip(fragments, named_sites(fragments), strict=True)
            ]
        ),
        "required": torch.tensor([fragment.required for fragment in fragments]),
        "countable": padded([list(fragment.countable) for fragment in fragments]).bool(),
    }


def _relations(fragments: Sequence[Fragment], n_sites: int) -> Tensor:
    """Return the number [F, S, S] of each ordered pair of sites, equal for pairs related by a symmetry."""
    relation = torch.zeros(len(fragments), n_sites, n_sites, dtype=torch.int64)
    n_found = 0
    for index, fragment in enumerate(fragments):
        seen: dict[tuple[int, int, bool], int] = {}
        for left, right in itertools.product(range(len(fragment.atoms)), repeat=2):
            images = {
                (fragment.alike[p[left]], fragment.alike[p[right]], left == right)
                for p in fragment.permutations
            }
            if images.isdisjoint(seen):
                n_found += 1
                seen |= dict.fromkeys(images, n_found)
            relation[index, left, right] = seen[fragment.alike[left], fragment.alike[right], left == right]
    return relation


def _word_tables(
    listed: Sequence[AttachAction],
    sites: dict[str, Tensor],
    costs: tuple[Tensor, Tensor],
    rules: Rules,
    n_free: int,
) -> dict[str, Tensor]:
    least, extra = costs
    fragment = torch.tensor([word.fragment for word in listed])
    required = torch.tensor([word.required_after for word in listed])
    is_hetero = torch.tensor([word.is_hetero for word in listed])
    has_site = torch.tensor([word.site >= 0 and word.fragment < n_free for word in listed])
    size = torch.tensor([word.heavy_atoms for word in listed])
    # An sp3 carbon that a heteroatom points at may only take other partners from then on.
    with_other = size + required * least[fragment] + (required > 1) * extra[fragment]
    with_hetero = size + required * least[fragment] + (required > 0) * extra[fragment]
    cost = torch.stack([with_other, with_hetero], dim=1)
    fits = (
        torch.tensor(
            [
                [is_compatible(kind, word.site_class, rules) for word in listed]
                for kind in range(rules.n_classes)
            ]
        )
        & has_site
    )
    hetero_classes = [is_hetero_class(kind, rules) for kind in range(rules.n_classes)]
    cheapest = torch.full((rules.n_classes, 2, MAX_REQUIRED + 1), IMPOSSIBLE)
    for kind, index in fits.nonzero().tolist():
        chosen = cheapest[kind, int(is_hetero[index]), int(required[index]) :]
        chosen.clamp_(max=int(cost[index, int(hetero_classes[kind])]))
    alone = sites["heavy_atoms"] + sites["required"] * least + (sites["required"] > 1) * extra
    first = [index == 0 or listed[index - 1].fragment != word.fragment for index, word in enumerate(listed)]
    return {
        "word_fragment": fragment,
        "word_site": torch.tensor([word.site for word in listed]),
        "word_is_hetero": is_hetero,
        "word_is_first": torch.tensor(first),
        "word_required": required,
        "word_hash": splitmix64(torch.arange(len(listed)) + LEAF),
        "word_cost": cost.T[torch.tensor(hetero_classes).long()],
        "first_word": torch.tensor(first).nonzero().flatten(),
        "first_cost": alone,
        "class_features": _class_features(rules),
        "fits": fits,
        "cheapest": cheapest,
    }


def _class_features(rules: Rules) -> Tensor:
    kind = torch.arange(rules.n_classes)
    environment = torch.nn.functional.one_hot(kind // 2, len(rules.names))
    return torch.cat([environment, (kind % 2)[:, None]], dim=1).float()


def _descriptors(fragment: Fragment) -> list[float]:
    """Return what a chemist sees first in a fragment, each scaled to about 0-1."""
    mol = molecule(fragment.core)
    symbols = [atom.GetSymbol() for atom in mol.GetAtoms()]
    return [
        fragment.heavy_atoms / 10,
        rdMolDescriptors.CalcCrippenDescriptors(mol)[0] / 3,
        rdMolDescriptors.CalcTPSA(mol) / 50,
        rdMolDescriptors.CalcNumHBD(mol) / 2,
        rdMolDescriptors.CalcNumHBA(mol) / 3,
        rdMolDescriptors.CalcNumRings(mol) / 2,
        rdMolDescriptors.CalcNumAromaticRings(mol) / 2,
        rdMolDescriptors.CalcFractionCSP3(mol),
        symbols.count("N") / 3,
        symbols.count("O") / 3,
        symbols.count("S") / 2,
        sum(symbols.count(halogen) for halogen in ("F", "Cl", "Br", "I")) / 3,
    ]
