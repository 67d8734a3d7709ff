"""Whether every name of a campaign has a column of its own in the tables that are read and written.

Torch-free. Columns are told apart by their keys (`models.specs.columns.key`), so `IC50` and `ic50` are one,
and so are a process variable and an assay of one name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.specs.base import field_error
from models.specs.columns import SPREAD, SYNONYMS, columns_of_objective, is_reserved, key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from models.specs.objectives import Constraint, Guardrail, Objective

_READABLE = "value"
"""The one reserved column that may be an assay's: both are its value."""


def check_names(
    objectives: Sequence[Objective],
    constraints: Sequence[Constraint],
    guardrails: Sequence[Guardrail],
    object_columns: Sequence[str],
    parts: Sequence[tuple[str, str]] = (),
) -> None:
    """Check that no column of a table could be read as two things; `parts` are pointers and assay types.

    Raises:
        PydanticCustomError: with the pointer of the name that is taken, and by what.
    """
    _check_each_once(
        ((f"/objectives/{index}/name", item.name) for index, item in enumerate(objectives)), "objectives"
    )
    _check_each_once(
        ((f"/guardrails/{index}/name", item.name) for index, item in enumerate(guardrails)), "guardrails"
    )
    _check_each_once((("/domain", column) for column in object_columns), "columns of the object")
    measured = [
        *_measured(objectives, constraints, guardrails),
        *((pointer, kind, kind) for pointer, kind in parts),
    ]
    kinds: dict[str, tuple[str, str]] = {}
    for pointer, name, kind in measured:
        _check_is_free(pointer, name, object_columns)
        other, other_kind = kinds.setdefault(key(name), (name, kind))
        if other_kind != kind:
            detail = (
                f"{name!r} and {other!r} would be one column of a table, but are {kind!r} and {other_kind!r}"
            )
            raise field_error(pointer, f"{detail}: write one type alike, or give two assays two names")
    predicted = [item.name for item in objectives]
    for pointer, name, kind in measured:
        others = [other for _, other, other_kind in measured if other_kind != kind]
        _check_is_not_beside(pointer, name, [*others, *(other for other in predicted if other != name)])


def _measured(
    objectives: Sequence[Objective], constraints: Sequence[Constraint], guardrails: Sequence[Guardrail]
) -> list[tuple[str, str, str]]:
    """Return pointer, name and assay type of every name under which a column of results may stand."""
    found = []
    for index, item in enumerate(objectives):
        if item.assay_type is not None:
            found.append((f"/objectives/{index}/name", item.name, item.assay_type))
            found.append((f"/objectives/{index}/type", item.assay_type, item.assay_type))
    for index, rule in enumerate(constraints):
        if rule.type is not None:
            found.append((f"/constraints/{index}/type", rule.type, rule.type))
    return [
        *found,
        *((f"/guardrails/{index}/type", item.type, item.type) for index, item in enumerate(guardrails)),
    ]


def _check_each_once(names: Iterable[tuple[str, str]], what: str) -> None:
    seen: dict[str, str] = {}
    for pointer, name in names:
        plain = _findable(pointer, name)
        if plain in seen:
            raise field_error(
                pointer, f"{name!r} and {seen[plain]!r} are one name among the {what}: rename one"
            )
        seen[plain] = name


def _findable(pointer: str, name: str) -> str:
    plain = key(name)
    if not plain:
        raise field_error(
            pointer, f"{name!r} has no letter, digit or sign by which its column could be found"
        )
    return plain


def _check_is_free(pointer: str, name: str, object_columns: Sequence[str]) -> None:
    plain = _findable(pointer, name)
    if plain != _READABLE and (is_reserved(name) or plain in SPREAD):
        raise field_error(
            pointer, f"{name!r} is a column that tables have for something else: choose another name"
        )
    for column in object_columns:
        if key(column) == plain or key(column) in _columns_beside(name):
            detail = (
                f"{column!r} is a column of the object, and would be one of the assay {name!r} as well: "
                f"rename one"
            )
            raise field_error(pointer, detail)


def _check_is_not_beside(pointer: str, name: str, others: Iterable[str]) -> None:
    other = next((other for other in others if key(name) in _columns_beside(other)), None)
    if other is not None:
        raise field_error(
            pointer, f"{name!r} is a column that {other!r} has beside its own: choose another name"
        )


def _columns_beside(name: str) -> set[str]:
    """Return the keys of what a table may say of a result beside its value, and of a batch's predictions."""
    return {*columns_of_objective(name), *(key(f"{name}_{word}") for word in (*SYNONYMS, *SPREAD))}
