"""Writes the tables of the benchmark pages from `benchmarks/results/*.json`.

`python -m docs.benchmark_pages`.
Prose is written by hand around markers; what stands between a marker and its end comes from results alone:

- `results: NAME` gives a file's tables, its claims, and where they come from. `results: NAME | a, b` keeps
  the rows that have these columns, and shows no others. `results if run: NAME` may name a file that is not
  there yet, and then says so;
- `losses` gives every claim of the page that does not hold, on the index those of all pages;
- `claims` gives all claims of all pages; `tables` gives the measured tables with origin, licence and
  checksum.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from benchmarks.results import PUBLISHED, Cell, Claim, Result, Row, read
from benchmarks.tables.catalogue import TABLES

FOLDER = Path(__file__).parent / "benchmarks"
INDEX = FOLDER / "index.md"
_BLOCK = re.compile(
    r"(<!-- (results if run|results|losses|claims|tables)(?:: ([^|>]+?))?(?: \| ([^>]+?))? -->\n)"
    r".*?(<!-- end -->)",
    re.DOTALL,
)
_MARK = re.compile(r"^<!-- (\w+).*-->$", re.MULTILINE)
_SIGNS = {">=": "≥", "<=": "≤"}
_THOUSAND = 1000
_PUBLISHER = "https://github.com/"
_NOT_RUN = "Not measured yet.\n"


class PageError(Exception):
    """A page asks for what no file of results holds."""


@final
@dataclass(frozen=True, slots=True)
class Section:
    """One file of results and where a page shows it."""

    page: Path
    anchor: str
    result: Result

    def link(self, text: str, start: Path) -> str:
        """Return a Markdown link to the section, from a page."""
        return f"[{text}]({'' if self.page == start else self.page.name}#{self.anchor})"


def pages() -> list[Path]:
    """Return the pages in the order of the index's table of contents, the index last."""
    names = re.findall(r"^[a-z-]+$", INDEX.read_text(encoding="utf-8").split("```{toctree}")[1], re.MULTILINE)
    return [*(FOLDER / f"{name}.md" for name in names), INDEX]


def sections(paths: Iterable[Path]) -> list[Section]:
    """Return what the pages show, in order.

    Raises:
        PageError: if a page names results that are not there.
    """
    found = []
    for page in paths:
        anchor = ""
        for line in page.read_text(encoding="utf-8").splitlines():
            if line.startswith("#"):
                anchor = _anchor(line)
            marker = re.match(r"<!-- results( if run)?: ([^|>]+?)(?: \|| -->)", line)
            if marker and (not marker.group(1) or _is_there(marker.group(2))):
                found.append(Section(page, anchor, _result(marker.group(2), page)))
    return found


def written(page: Path, shown: Sequence[Section]) -> str:
    """Return a page with everything between its markers written anew; `shown` are the sections of all pages.

    Raises:
        PageError: if a marker is not understood, or is not ended before the next one.
    """
    text = page.read_text(encoding="utf-8")
    marks = _MARK.findall(text)
    if len(marks) % 2 or any((mark == "end") != place % 2 for place, mark in enumerate(marks)):
        raise PageError(f"{page.name}: every marker needs an end before the next one")
    if len(_BLOCK.findall(text)) != len(marks) // 2:
        raise PageError(f"{page.name}: a marker is not one of results, losses, claims and tables")
    own = shown if page == INDEX else [section for section in shown if section.page == page]

    def block(match: re.Match[str]) -> str:
        begin, kind, name, columns, end = match.groups()
        blocks: dict[str, Callable[[], str]] = {
            "results": lambda: _results(_result(name, page), _names(columns)),
            "results if run": lambda: (
                _results(_result(name, page), _names(columns)) if _is_there(name) else _NOT_RUN
            ),
            "losses": lambda: _losses(own, page),
            "claims": lambda: _claims(shown),
            "tables": _measured_tables,
        }
        return f"{begin}\n{blocks[kind]()}\n{end}"

    return _BLOCK.sub(block, text)


def write() -> None:
    """Write every page anew, or none where one cannot be written."""
    paths = pages()
    shown = sections(paths)
    for page, text in [(page, written(page, shown)) for page in paths]:
        page.write_text(text, encoding="utf-8")


def _is_there(name: str) -> bool:
    return (PUBLISHED / f"{name}.json").exists()


def _result(name: str, page: Path) -> Result:
    path = PUBLISHED / f"{name}.json"
    if not _is_there(name):
        raise PageError(f"{page.name} asks for the results {name!r}, and there is no {path.name}")
    return read(path)


def _names(columns: str | None) -> list[str]:
    return [name.strip() for name in columns.split(",")] if columns else []


def _anchor(heading: str) -> str:
    """Return the name that MyST gives a heading, which is GitHub's."""
    text = heading.lstrip("#").strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def _results(result: Result, columns: Sequence[str]) -> str:
    rows = result.rows
    if columns:
        rows = [{name: row[name] for name in columns} for row in rows if set(columns) <= row.keys()]
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row), []).append(row)
    parts = [_table(names, (row.values() for row in found)) for names, found in groups.items()]
    if result.claims:
        parts.append(
            _table(("claim", "measured", "bar", "holds"), ((c.name, *_figures(c)) for c in result.claims))
        )
    return "\n".join([*parts, *(f"{note}\n" for note in result.notes), _origin(result)])


def _losses(shown: Sequence[Section], page: Path) -> str:
    lost = [(section, claim) for section in shown for claim in section.result.claims if not claim.holds]
    if not lost:
        return "No claim of this page fails its bar.\n"
    rows = [(section.link(claim.name, page), *_figures(claim)) for section, claim in lost]
    return _table(("claim that does not hold", "measured", "bar", "holds"), rows)


def _claims(shown: Sequence[Section]) -> str:
    return _table(
        ("claim", "measured", "bar", "holds", "date", "commit"),
        (
            (
                section.link(claim.name, INDEX),
                *_figures(claim),
                section.result.date,
                f"`{section.result.commit}`",
            )
            for section in shown
            for claim in section.result.claims
        ),
    )


def _measured_tables() -> str:
    parts = []
    for table in TABLES:
        files = ", ".join(
            f"[{Path(file.path).name}]({_PUBLISHER}{file.repository}/blob/{file.commit}/{file.path})"
            for file in table.files
        )
        cells = (table.content, table.origin, files, table.licence, f"`{table.sha256}`")
        parts.append(f"### `{table.path}`\n\n{_table(('what', 'is'), zip(_FIELDS, cells, strict=True))}")
    return "\n".join(parts)


_FIELDS = ("content", "origin", "files", "licence", "SHA-256 of the content")


def _figures(claim: Claim) -> tuple[str, str, str]:
    """Return what was measured, the bar, and whether it holds; figures that differ are shown to differ."""
    digits = next((n for n in range(4, 16) if f"{claim.value:.{n}g}" != f"{claim.bar:.{n}g}"), 4)
    measured = f"{claim.value:.{digits}g}" + ("" if claim.half is None else f" ± {claim.half:.2g}")
    is_open = claim.half is not None and abs(claim.value - claim.bar) <= claim.half
    holds = ("yes" if claim.holds else "**no**") + (", within its interval" if is_open else "")
    return measured, f"{_SIGNS[claim.relation]} {claim.bar:.4g}", holds


def _origin(result: Result) -> str:
    seeds = f" {len(result.seeds)} seeds." if len(result.seeds) > 1 else ""
    again = f" Command: `{result.command}`."
    if result.source == "run":
        return f"*Measured at `{result.commit}` on {result.date}; {result.machine}.{seeds}*{again}\n"
    where = result.source.partition(" ")[0]
    copied = (
        f"*Copied from the earlier {where}, published first at `{result.commit}` on {result.date}; "
        f"{result.machine}."
    )
    return f"{copied}{seeds}*{again}\n"


def _table(columns: Sequence[str], rows: Iterable[Iterable[Cell]]) -> str:
    lines = [columns, ["---"] * len(columns), *([_text(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _text(cell: Cell) -> str:
    """Return a cell as a page shows it."""
    if cell is None or cell == "":
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.4g}" if abs(cell) < _THOUSAND else f"{cell:,.0f}"
    return f"{cell:,}" if isinstance(cell, int) else cell.replace("|", "\\|")


if __name__ == "__main__":
    write()
