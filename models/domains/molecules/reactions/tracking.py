"""What a template adds to the counts of groups, observed on samples. Torch-free.

A change that is the same in all samples lets a state be followed without RDKit. Where it differs, the groups
of products have to be counted.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from models.domains.molecules.reactions.chemistry import Reactions
    from models.domains.molecules.reactions.templates import Template

SEED = 0
FEWEST = 3
"""Distinct observations from which a constant change is believed."""


def observed_templates(
    reactions: Reactions, n_pairs: int, n_walks: int
) -> tuple[tuple[Template, ...], dict[str, str]]:
    """Return the templates with the changes seen on blocks and on random routes.

    Returns:
        The templates, whose `change` is None where it was not constant or seen fewer than `FEWEST` times; and
        a reaction with another change for each of the former, by name.
    """
    seen: dict[int, dict[tuple[int, ...], list[str]]] = {}
    for number, change, text in _observations(reactions, n_pairs, n_walks):
        seen.setdefault(number, {}).setdefault(change, []).append(text)
    templates, exceptions = [], {}
    for index, template in enumerate(reactions.templates):
        changes = seen.get(index, {})
        only = next(iter(changes)) if len(changes) == 1 else None
        is_believed = only is not None and len(set(changes[only])) >= FEWEST
        if len(changes) > 1:
            exceptions[template.name] = min(changes.values(), key=len)[0]
        templates.append(replace(template, change=_named(reactions, only) if is_believed and only else None))
    return tuple(templates), exceptions


def random_route(reactions: Reactions, rng: random.Random) -> Iterator[tuple[str, int, int | None, str]]:
    """Yield the steps of a random route: molecule, step, partner and product."""
    smiles = reactions.stock.blocks[rng.choice(np.flatnonzero(reactions.firsts).tolist())].smiles
    for _ in range(reactions.max_steps):
        steps = [step for step in range(len(reactions.steps)) if reactions.may_react(smiles, step)]
        rng.shuffle(steps)
        taken = next((found for step in steps[:8] if (found := _try(reactions, smiles, step, rng))), None)
        if taken is None:
            return
        yield (smiles, *taken)
        smiles = taken[-1]


def _observations(
    reactions: Reactions, n_pairs: int, n_walks: int
) -> Iterator[tuple[int, tuple[int, ...], str]]:
    """Yield templates with the changes that they made, and the text of each reaction."""
    rng = random.Random(SEED)  # noqa: S311 - a sample, no secret
    for index, step in enumerate(reactions.steps):
        growing = np.flatnonzero(reactions.allowed(reactions.counts, index))
        for _ in range(n_pairs if step.role == 0 and len(growing) else 0):
            smiles = reactions.stock.blocks[rng.choice(growing.tolist())].smiles
            if taken := _try(reactions, smiles, index, rng):
                yield _observation(reactions, smiles, *taken)
    for _ in range(n_walks):
        for followed in random_route(reactions, rng):
            yield _observation(reactions, *followed)


def _try(
    reactions: Reactions, smiles: str, step: int, rng: random.Random
) -> tuple[int, int | None, str] | None:
    """Return a step with a random partner and its product; None if it has none."""
    partner = None
    if not reactions.steps[step].is_unimolecular:
        partners = np.flatnonzero(reactions.partners[step])
        if not len(partners):
            return None
        partner = rng.choice(partners.tolist())
    product = reactions.apply(smiles, step, partner)
    return None if product is None else (step, partner, product)


def _observation(
    reactions: Reactions, smiles: str, step: int, partner: int | None, product: str
) -> tuple[int, tuple[int, ...], str]:
    before = reactions.count(smiles).astype(int)
    if partner is not None:
        before = before + reactions.counts[partner]
    change: npt.NDArray[np.int_] = reactions.count(product) - before
    other = "" if partner is None else f" + {reactions.stock.blocks[partner].smiles}"
    return reactions.steps[step].template, tuple(change.tolist()), f"{smiles}{other} -> {product}"


def _named(reactions: Reactions, change: tuple[int, ...]) -> Mapping[str, int]:
    return {name: number for name, number in zip(reactions.groups, change, strict=True) if number}
