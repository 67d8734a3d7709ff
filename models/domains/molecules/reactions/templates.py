"""Reaction templates with the groups that they need and forbid. Torch-free; knows no stock.

A row of the file is a family of templates. In its reaction `{a|b:1}` stands for the reacting atom of group
`a` or `b`, mapped as atom 1, with its tail: one template for each. Each such group must occur once in its
reactant. `@name` in a guard stands for all groups of that set, except those that are needed.
"""

from __future__ import annotations

import csv
import itertools
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from models.domains.molecules.reactions.groups import own_groups, own_sets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    _Writer = Callable[[str, str | None], str]

FILE = "templates.csv"
CHANGES_FILE = "changes.csv"
_PLACE = re.compile(r"\{([a-z_|0-9]+)(?::(\d*))?\}")


@dataclass(frozen=True, slots=True)
class Guard:
    """What one reactant must have exactly once, and must not have at all: names of groups."""

    needs: frozenset[str]
    forbids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Template:
    """A reaction of one or two reactants to one product.

    `retro` is the reversed reaction: it proposes reactants, which the forward reaction has to confirm.
    `change` is what the reaction adds to the summed counts of its reactants' groups; None if it is not known
    or not constant, so that the groups of a product have to be counted.
    """

    name: str
    family: str
    smarts: str
    retro: str
    guards: tuple[Guard, ...]
    conditions: str
    expected_yield: float | None = None
    change: Mapping[str, int] | None = None


@cache
def own_templates() -> tuple[Template, ...]:
    """Return the committed templates, with the changes of the groups that ours track."""
    rows = csv.DictReader((files(__package__) / FILE).read_text().splitlines())
    return tuple(template for row in rows for template in _expanded(row))


@cache
def own_changes() -> Mapping[str, Mapping[str, int]]:
    """Return what each template of ours adds to the counts of our groups, by its name."""
    rows = csv.DictReader((files(__package__) / CHANGES_FILE).read_text().splitlines())
    return {
        row["template"]: {
            name: int(number) for name, number in (part.rsplit(":", 1) for part in row["change"].split())
        }
        for row in rows
    }


def _expanded(row: Mapping[str, str]) -> Iterator[Template]:
    places = [match[1].split("|") for match in _PLACE.finditer(row["reaction"])]
    for names in itertools.product(*places):
        chosen = [name for name, place in zip(names, places, strict=True) if len(place) > 1]
        name = row["family"] + (f": {' + '.join(chosen)}".replace("_", " ") if chosen else "")
        yield Template(
            name=name,
            family=row["family"],
            smarts=_filled(row["reaction"], names, _forward),
            retro=_reversed(_filled(row["reaction"], names, _backward)),
            guards=tuple(_guards(row, names)),
            conditions=row["conditions"],
            expected_yield=float(row["yield"]),
            change=own_changes().get(name),
        )


def _filled(reaction: str, names: tuple[str, ...], write: _Writer) -> str:
    left = iter(names)
    return _PLACE.sub(lambda match: write(next(left), match[2]), reaction)


def _forward(name: str, number: str | None) -> str:
    """Return the reacting atom of a group as a pattern, with its tail as a branch."""
    group = own_groups()[name]
    label = f":{number}" if number else ""
    atom = f"{group.smarts[:-1]}{label}]" if _is_one_atom(group.smarts) else f"[{group.symbol}{label}]"
    return atom + (f"({group.tail})" if group.tail else "")


def _backward(name: str, number: str | None) -> str:
    group = own_groups()[name]
    atom = f"[{group.symbol}:{number}]" if number else group.symbol
    return atom + (f"({group.tail})" if group.tail else "")


def _is_one_atom(smarts: str) -> bool:
    depth = 0
    for place, letter in enumerate(smarts):
        depth += (letter == "[") - (letter == "]")
        if not depth:
            return place == len(smarts) - 1
    return False


def _reversed(reaction: str) -> str:
    reactants, product = reaction.split(">>")
    return f"{product}>>{reactants}"


def _guards(row: Mapping[str, str], names: tuple[str, ...]) -> Iterator[Guard]:
    left = iter(names)
    for index, reactant in enumerate(_components(row["reaction"].split(">>")[0]), start=1):
        placed = {next(left) for _ in _PLACE.finditer(reactant)}
        needs = frozenset(placed | set(row[f"needs_{index}"].split()))
        yield Guard(needs, _members(row[f"forbids_{index}"]) - needs)


def _components(reactants: str) -> list[str]:
    """Return the reactants of a reaction; a dot inside brackets or braces separates nothing."""
    return re.split(r"\.(?![^\[{]*[\]}])", reactants)


def _members(text: str) -> frozenset[str]:
    names = text.split()
    unknown = [
        name for name in names if name.lstrip("@") not in (own_sets() if name[0] == "@" else own_groups())
    ]
    if unknown:
        raise ValueError(f"no group or set is called {', '.join(unknown)}")
    singles = {name for name in names if name[0] != "@"}
    return frozenset(singles.union(*(own_sets()[name[1:]] for name in names if name[0] == "@")))
