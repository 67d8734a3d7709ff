"""What the packages are, from the modules' own first lines.

The README's table, and one reference page for each.
`python docs/tree.py` rewrites the table; Sphinx writes the pages before it reads the sources.
"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("assayflow", "service", "workers", "models")
BEGIN, END = "<!-- tree:begin -->", "<!-- tree:end -->"


def first_line(file: Path) -> str:
    """Return the first sentence of a module's docstring, or nothing for an empty `__init__`."""
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(docstring.split("\n\n", maxsplit=1)[0].split())
    return re.split(r"(?<=[.!?])\s", paragraph, maxsplit=1)[0]


def packages() -> dict[str, list[Path]]:
    """Return the modules of every package, by its dotted name."""
    found: dict[str, list[Path]] = {}
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            name = ".".join(file.relative_to(ROOT).parent.parts)
            found.setdefault(name, []).append(file)
    return found


def page(package: str, files: list[Path]) -> str:
    """Return the page of one package in Markdown."""
    lines = [f"# `{package}`", ""]
    modules = [file for file in files if file.stem not in ("__init__", "__main__")]
    init = next((file for file in files if file.stem == "__init__"), None)
    if init is not None and first_line(init):
        lines += [first_line(init), ""]
    if modules:
        lines += ["| module | what it is |", "|---|---|"]
        lines += [
            f"| [`{file.stem}`](#{package}.{file.stem}) | {first_line(file).replace('|', '/')} |"
            for file in modules
        ]
        lines += [""]
    for file in modules:
        name = f"{package}.{file.stem}"
        lines += [
            f"({name})=",
            f"## `{file.stem}`",
            "",
            "```{eval-rst}",
            f".. automodule:: {name}",
            "   :members:",
        ]
        lines += ["   :no-index:", "```", ""]
    return "\n".join(lines)


def write_reference(folder: Path) -> None:
    """Write all pages anew; a page whose package is gone is removed."""
    folder.mkdir(exist_ok=True)
    pages = {f"{package}.md": page(package, files) for package, files in packages().items()}
    for old in folder.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def table() -> str:
    """Return the README's table: the packages directly inside each room, with the first line of each."""
    lines = ["| package | what it is |", "|---|---|"]
    for package, files in packages().items():
        init = next((file for file in files if file.stem == "__init__"), None)
        if init is not None and package.count(".") <= 1 and first_line(init):
            lines.append(f"| `{package.replace('.', '/')}/` | {first_line(init).replace('|', '/')} |")
    return "\n".join(lines) + "\n"


def rewritten(readme: str, tree: str) -> str:
    """Return the README with the text between its two markers replaced."""
    before, rest = readme.split(BEGIN, maxsplit=1)
    _, after = rest.split(END, maxsplit=1)
    return f"{before}{BEGIN}\n{tree}\n{END}{after}"


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(rewritten(path.read_text(encoding="utf-8"), table()), encoding="utf-8")
