"""Rooms stay small, and every module says on top what it is.

Files usually stay under 300 lines and functions under 40; the check fails only well above, so that nobody
cuts a subject in two to satisfy a number.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = ("assayflow", "service", "workers", "models", "benchmarks")
ROOMS = (*CODE, "tests", "docs", "examples")
FILES = sorted(
    file
    for room in ROOMS
    for file in (ROOT / room).rglob("*.py")
    if not any(part.startswith((".", "__pycache__")) for part in file.relative_to(ROOT).parts)
)
SOURCES = [file for file in FILES if file.relative_to(ROOT).parts[0] in CODE]

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_PARALLEL = 3
RESERVED_FOLDERS = {"build", "scripts", "sphinx", "test_community"}


def _name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines without its docstring, which may be as long as it is useful."""
    first = function.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if is_docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def test_the_rooms_are_found() -> None:
    assert len(FILES) > 50


@pytest.mark.parametrize("file", FILES, ids=_name)
def test_files_and_functions_are_small(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_FILE_LINES
    long = {
        f.name: _body_lines(f) for f in _functions(ast.parse(text)) if _body_lines(f) > MAX_FUNCTION_LINES
    }
    assert not long


@pytest.mark.parametrize("file", SOURCES, ids=_name)
def test_a_statement_assigns_few_values_side_by_side(file: Path) -> None:
    packed = [
        node.lineno
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Tuple)
        and isinstance(node.value, ast.Tuple)
        and len(node.targets[0].elts) > MAX_PARALLEL
    ]
    assert not packed


def test_no_two_public_classes_of_a_package_share_a_name() -> None:
    """A row of the database and its schema may share one.

    They live in `service.store` and `service.schemas`.
    """
    homes: dict[tuple[str, str], list[str]] = {}
    for file in SOURCES:
        top, *inside = file.relative_to(ROOT).parts
        package = "models" if top == "models" else ".".join([top, *inside[:-1]])
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault((package, node.name), []).append(_name(file))
    shared = {name: files for (_, name), files in homes.items() if len(files) > 1}
    assert not shared


@pytest.mark.parametrize("file", SOURCES, ids=_name)
def test_every_module_says_what_it_is(file: Path) -> None:
    if file.name == "__init__.py" and not file.read_text(encoding="utf-8").strip():
        return
    assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))


def test_tests_are_no_package() -> None:
    plugin = ROOT / "tests" / "plugin"
    packages = [file for file in (ROOT / "tests").rglob("__init__.py") if plugin not in file.parents]
    assert not packages


def test_no_folder_takes_a_name_that_site_packages_holds() -> None:
    assert not RESERVED_FOLDERS & {path.name for path in ROOT.iterdir() if path.is_dir()}
