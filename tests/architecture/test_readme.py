"""The README tells the truth about the tree: its table is the packages' own, and its links lead somewhere."""

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

ROOT = Path(__file__).parents[2]
MADE = {"reference", "_build"}
"""Folders that `make docs` writes."""
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if not MADE & set(page.parts)),
]


def test_the_table_of_packages_is_current() -> None:
    spec = spec_from_file_location("tree", ROOT / "docs" / "tree.py")
    assert spec is not None
    assert spec.loader is not None
    tree = module_from_spec(spec)
    spec.loader.exec_module(tree)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert tree.rewritten(readme, tree.table()) == readme, "run `make tree`"


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_paths_that_pages_name_exist() -> None:
    for page in PAGES:
        if page.parent.name == "decisions" or page.stem.endswith("benchmarks"):
            continue  # a record names what was there then
        text = page.read_text(encoding="utf-8")
        for path in re.findall(r"`((?:service|workers|models|tests|docs|examples)/[\w/.-]*)`", text):
            is_made = bool(MADE & set(Path(path).parts))
            assert is_made or (ROOT / path).exists(), f"{page.name}: {path}"


def test_every_make_target_that_the_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    named = set(
        re.findall(r"(?:`|^)make ([a-z]+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert {"demo", "test"} <= named
    assert named <= targets
