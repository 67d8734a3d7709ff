"""The page of references has every paper that the code names, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
IDENTIFIER = re.compile(r"arXiv:\d{4}\.\d{4,5}|doi:10\.\d{4,}/[\w.()/-]*\w")


def _identifiers(*files: Path) -> set[str]:
    return {name for file in files for name in IDENTIFIER.findall(file.read_text(encoding="utf-8"))}


def test_the_page_and_the_code_name_the_same_papers() -> None:
    packages = ("models", "service", "workers")
    in_code = _identifiers(*(file for package in packages for file in (ROOT / package).rglob("*.py")))
    on_page = _identifiers(ROOT / "docs" / "references.md")
    assert len(in_code) > 20
    assert in_code - on_page == set(), "add them to docs/references.md"
    assert on_page - in_code == set(), "no docstring names them"
