"""The reactions of one specification: its templates, groups and stock, compiled once. Torch-free."""

from __future__ import annotations

import difflib
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from models.domains import collections
from models.domains.collections import CollectionMissingError, CollectionReference
from models.domains.molecules.chemistry.uploaded import is_standard, with_sent_structure
from models.domains.molecules.reactions.chemistry import Reactions
from models.domains.molecules.reactions.groups import Group, tracked_groups
from models.domains.molecules.reactions.rules import AS_DRAWN, BUILDER
from models.domains.molecules.reactions.stock import Stock, StockError, own_stock
from models.domains.molecules.reactions.templates import Template, own_templates
from models.domains.molecules.reactions.user_templates import InvalidTemplateError, compiled
from models.specs.base import field_error, json_pointer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from models.domains.molecules.reactions.spec import ReactionsSpec, StockField


def check(spec: ReactionsSpec) -> None:
    """Check a new specification: its templates, and its stock as far as no structure has to be standardised.

    Raises:
        PydanticCustomError: it names the field.
    """
    if not chosen_templates(spec)[0]:
        raise field_error(json_pointer(BUILDER, "templates"), "there is no reaction: name one, or write one")
    try:
        if isinstance(spec.stock, CollectionReference) and not is_standard(spec.stock, AS_DRAWN):
            Stock.from_rows(collections.iterate(spec.stock), is_normal=True)
        else:
            stock_of(spec.stock)
    except (StockError, CollectionMissingError) as error:
        raise field_error(json_pointer(BUILDER, "stock"), str(error)) from error


@lru_cache(maxsize=4)
def open_reactions(spec: ReactionsSpec, max_heavy_atoms: int) -> Reactions:
    """Return the compiled reactions of a specification, the last ones remembered."""
    templates, groups = chosen_templates(spec)
    if spec.own_templates:
        # A pattern of a user's may reach far beyond what reacts, so that its counts do not add up.
        templates = tuple(replace(template, change=None) for template in templates)
    return Reactions(templates, groups, stock_of(spec.stock), spec.max_steps, max_heavy_atoms)


def stock_of(listed: StockField | None) -> Stock:
    """Return the building blocks of a list.

    Raises:
        StockError: if rows are no building blocks.
        CollectionMissingError: without such a collection.
    """
    if listed is None:
        return own_stock()
    if isinstance(listed, CollectionReference):
        return _uploaded(listed)
    rows = (
        {name: str(value) for name, value in row.model_dump().items() if value is not None} for row in listed
    )
    return Stock.from_rows(rows)


@lru_cache(maxsize=4)
def _uploaded(reference: CollectionReference) -> Stock:
    is_normal = is_standard(reference, AS_DRAWN)
    found = collections.iterate(reference)
    return Stock.from_rows(found if is_normal else map(with_sent_structure, found), is_normal=is_normal)


def chosen_templates(spec: ReactionsSpec) -> tuple[tuple[Template, ...], tuple[Group, ...]]:
    """Return the templates of a specification, and the groups that their guards name.

    Raises:
        PydanticCustomError: if a name is not known, or a template of the user's is none.
    """
    templates = [*_common(spec.templates)]
    groups = {group.name: group for group in tracked_groups()}
    taken = {name for template in templates for name in (template.name, template.family)}
    for place, entry in enumerate(spec.own_templates):
        if entry.name in taken:
            detail = "a common reaction has this name: choose another, or leave that one out of templates"
            raise field_error(json_pointer(BUILDER, "own_templates", place, "name"), detail)
        try:
            template, its_groups = compiled(entry)
        except InvalidTemplateError as error:
            raise field_error(
                json_pointer(BUILDER, "own_templates", place), f"{entry.name}: {error}"
            ) from error
        templates.append(template)
        groups |= {group.name: group for group in its_groups}
    named = {
        name for template in templates for guard in template.guards for name in guard.needs | guard.forbids
    }
    return tuple(templates), tuple(group for name, group in groups.items() if name in named)


def _common(names: Sequence[str] | None) -> Iterator[Template]:
    if names is None:
        yield from own_templates()
        return
    known = {name for template in own_templates() for name in (template.name, template.family)}
    for place, name in enumerate(names):
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=3)
            hint = f"; near it: {', '.join(near)}" if near else ""
            raise field_error(
                json_pointer(BUILDER, "templates", place), f"no common reaction is called {name!r}{hint}"
            )
    wanted = set(names)
    yield from (template for template in own_templates() if {template.name, template.family} & wanted)
