"""Rewrites the README's list of files from the first line of each module's docstring, so that it cannot go stale."""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("service", "workers", "models")
BEGIN, END = "<!-- tree:begin -->", "<!-- tree:end -->"


def first_line(file: Path) -> str:
    """Return the first sentence of a module's docstring, or nothing for an empty `__init__`."""
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(docstring.split("\n\n", maxsplit=1)[0].split())
    return re.split(r"(?<=[.!?])\s", paragraph, maxsplit=1)[0]


def listing(root: Path = ROOT) -> str:
    """Return the list of every source file with its one line, grouped by room."""
    lines: list[str] = []
    for room in ROOMS:
        lines += [f"\n**`{room}/`**\n", "| file | what it is |", "|---|---|"]
        for file in sorted((root / room).rglob("*.py")):
            if what := first_line(file):
                lines.append(f"| `{file.relative_to(root)}` | {what.replace('|', '/')} |")
    return "\n".join(lines) + "\n"


def rewritten(readme: str, tree: str) -> str:
    """Return the README with the text between its two markers replaced."""
    before, rest = readme.split(BEGIN, maxsplit=1)
    _, after = rest.split(END, maxsplit=1)
    return f"{before}{BEGIN}\n{tree}\n{END}{after}"


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(rewritten(path.read_text(encoding="utf-8"), listing()), encoding="utf-8")
    sys.stdout.write(f"rewrote {path}\n")
