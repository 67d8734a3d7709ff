"""The tree of errors."""

from pathlib import Path

import pytest

from service import errors
from service.errors import AssayflowError

LEAVES = AssayflowError.__subclasses__()


def test_statuses_slugs_and_titles_are_unique() -> None:
    for name in ("status", "slug", "title"):
        assert len({getattr(leaf, name) for leaf in LEAVES}) == len(LEAVES)


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.__name__)
def test_every_error_is_drawn_in_the_tree_with_its_status(leaf: type[AssayflowError]) -> None:
    assert errors.__doc__
    line = next(line for line in errors.__doc__.splitlines() if f" {leaf.__name__} " in line)
    assert str(leaf.status) in line


def test_an_error_carries_its_places() -> None:
    error = errors.UnprocessableError(
        "two rows", [{"row": 2, "column": "value", "detail": "no number"}], {"rows": 2}
    )
    assert str(error) == error.detail == "two rows"
    assert error.errors[0]["row"] == 2
    assert error.extensions == {"rows": 2}


def test_errors_know_no_http_library() -> None:
    source = Path(errors.__file__).read_text(encoding="utf-8")
    assert "fastapi" not in source
    assert "starlette" not in source
