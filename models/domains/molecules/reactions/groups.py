"""Reactive groups: the SMARTS that guards name and that states count. Torch-free; knows no reaction.

The first atom of a pattern is the one that reacts, and most patterns are one atom with its environment, so
that counts add up when molecules are joined. `<name>` in a pattern stands for `$(pattern of that name)`.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from rdkit import Chem

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "groups.csv"
PATTERN = "pattern"
"""The set of patterns that only others refer to."""
_REFERENCE = re.compile(r"<(\w+)>")


@dataclass(frozen=True, slots=True)
class Group:
    """A reactive group.

    `symbol` is its reacting atom in plain SMILES, `tail` what leaves with it in most reactions, and `text`
    what each SMILES of a molecule with the group contains.
    """

    name: str
    smarts: str
    symbol: str = ""
    tail: str = ""
    text: str = ""
    sets: tuple[str, ...] = ()

    def query(self) -> Chem.Mol:
        """Return the compiled pattern."""
        return _query(self.smarts)


@cache
def own_groups() -> Mapping[str, Group]:
    """Return the committed groups by name, patterns included."""
    rows = list(csv.DictReader((files(__package__) / FILE).read_text().splitlines()))
    smarts = {row["name"]: row["smarts"] for row in rows}

    def expanded(text: str) -> str:
        return _REFERENCE.sub(lambda match: f"$({expanded(smarts[match[1]])})", text)

    return {
        row["name"]: Group(
            row["name"],
            expanded(row["smarts"]),
            row["symbol"],
            row["tail"],
            row["text"],
            tuple(row["sets"].split()),
        )
        for row in rows
    }


def tracked_groups() -> tuple[Group, ...]:
    """Return the groups that states count."""
    return tuple(group for group in own_groups().values() if PATTERN not in group.sets)


@cache
def own_sets() -> Mapping[str, frozenset[str]]:
    """Return the names of the groups of each set."""
    sets: dict[str, set[str]] = defaultdict(set)
    for group in own_groups().values():
        for name in group.sets:
            sets[name].add(group.name)
    return {name: frozenset(members) for name, members in sets.items()}


@lru_cache(maxsize=4096)
def _query(smarts: str) -> Chem.Mol:
    query = Chem.MolFromSmarts(smarts)
    if query is None:
        raise ValueError(f"{smarts!r} is no SMARTS")
    return query
