"""Variants found by looking: which files of a folder define a certain attribute.

It reads sources and loads none. So the service knows the names of selectors or proxies without torch, a new
file is all that a new variant needs, and a helper beside the variants is none of them.
"""

from __future__ import annotations

import ast
import math
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ORDER = "ORDER"
"""A number by this name puts its file before others; files without one come last, by name."""
_MODELS = Path(__file__).parents[1]


def variants(folder: str, attribute: str) -> tuple[str, ...]:
    """Return the names of the files in a folder of `models` that define an attribute at their top."""
    found = {file.stem: defined for file, defined in _definitions(folder) if attribute in defined}
    return tuple(sorted(found, key=lambda name: (_order(found[name].get(ORDER)), name)))


def texts_of_variants(folder: str, attribute: str) -> Mapping[str, str]:
    """Return the text that each file defines as an attribute, by file name in the order of `variants`.

    Raises:
        TypeError: if an attribute is no text written out.
    """
    found = dict(_definitions(folder))
    texts: dict[str, str] = {}
    for name in variants(folder, attribute):
        value = found[_MODELS / folder / f"{name}.py"][attribute]
        if not (isinstance(value, ast.Constant) and isinstance(value.value, str)):
            raise TypeError(f"{name}.py: {attribute} must be a text written out")
        texts[name] = value.value
    return texts


def named_variants(folder: str, attribute: str) -> Mapping[str, str]:
    """Return file names by the keys of the dictionary that files define as an attribute.

    Several variants share one.

    Raises:
        TypeError: if an attribute is no dictionary whose keys are written as texts.
        ValueError: if two files have the same key.
    """
    found: dict[str, str] = {}
    for file, defined in _definitions(folder):
        if attribute not in defined:
            continue
        value = defined[attribute]
        keys = value.keys if isinstance(value, ast.Dict) else [None]
        for key in keys:
            if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
                raise TypeError(f"{file}: {attribute} must be a dictionary whose keys are written as texts")
            if key.value in found:
                raise ValueError(f"{file}: {key.value!r} is also in {found[key.value]}.py")
            found[key.value] = file.stem
    return found


def _definitions(folder: str) -> list[tuple[Path, dict[str, ast.AST | None]]]:
    """Return every file with what it defines at its top; what it imports is defined elsewhere."""
    return [(file, _defined(file)) for file in sorted((_MODELS / folder).glob("[a-z]*.py"))]


def _defined(file: Path) -> dict[str, ast.AST | None]:
    found: dict[str, ast.AST | None] = {}
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            found |= {target.id: node.value for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node.value
    return found


def _order(value: ast.AST | None) -> float:
    return (
        float(value.value) if isinstance(value, ast.Constant) and isinstance(value.value, int) else math.inf
    )
