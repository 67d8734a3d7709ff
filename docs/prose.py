"""How readable the pages are: the length of their sentences, and words that only insiders understand.

`python docs/prose.py` prints one line per page. Code, tables, headings, pictures and link targets are no
prose.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST_MEAN = 18.0
"""Words of a page's average sentence; plain technical English has 12 to 18."""
MOST_WORDS = 40
"""Words of the longest sentence."""
PRIVATE = {
    "told": "say, report or return",
    "tell": "say, report or return",
    "tells": "says, reports or returns",
    "telling": "naming or reporting",
    "asked": "requested",
    "belief": "posterior or prediction",
    "beliefs": "posterior or predictions",
    "believe": "predict or assume",
    "believes": "predicts or assumes",
    "instrument": "trained campaign",
    "playing": "sampling or predicting",
    "plays": "samples or predicts",
    "somebody": "a user",
    "anybody": "a user",
    "somebody's": "your",
    "anybody's": "your",
}
"""Words that stood for many things in this project -> what a stranger understands."""

_FIRST_CHECKED_RECORD = "0027"
_PROSE_FENCES = ("{glossary}", "{note}", "{warning}", "{tip}", "{important}")
_FENCE = re.compile(r"^\s*(`{3,}|~{3,}|:{3,})(.*)$")
_NO_PROSE = re.compile(r"^\s*(?:#|\||!\[|<!--|\(.*\)=\s*$|:[a-z-]+:)")
_LABEL = re.compile(r"^\s*(?:#+ |\|)")
_GENERATED = re.compile(r"<!-- tree:begin -->.*?<!-- tree:end -->", re.DOTALL)
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+\.|:)\s+")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_CODE = re.compile(r"`+[^`]*`+")
_ABBREVIATION = re.compile(r"\b(e\.g|i\.e|al|cf|vs|ca|approx|no|fig|eq)\.(?=\s)", re.IGNORECASE)
_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+")
_WORD = re.compile(r"[^\W_][\w'\u2019-]*")


@dataclass(frozen=True)
class Reading:
    """The sentences of one page, and its headings and rows of tables."""

    page: str
    sentences: tuple[str, ...]
    labels: tuple[str, ...] = ()

    @property
    def mean(self) -> float:
        """The average sentence in words; 0 of a page without any."""
        return sum(map(words, self.sentences)) / len(self.sentences) if self.sentences else 0.0

    @property
    def too_long(self) -> tuple[str, ...]:
        """The sentences of more than `MOST_WORDS` words."""
        return tuple(sentence for sentence in self.sentences if words(sentence) > MOST_WORDS)

    @property
    def private(self) -> tuple[tuple[str, str], ...]:
        """Each private word, with the sentence, heading or row that has it."""
        return tuple(
            (word, text)
            for text in (*self.sentences, *self.labels)
            for word in re.findall(r"[a-z']+", text.lower())
            if word in PRIVATE
        )


def words(sentence: str) -> int:
    """Return how many words a sentence has; a name in code counts as one."""
    return len(_WORD.findall(sentence))


def sentences(markdown: str) -> Iterator[str]:
    """Yield the sentences of a page; an item of a list ends one."""
    for paragraph in _paragraphs(markdown):
        plain = _CODE.sub("code", _LINK.sub(r"\1", paragraph))
        plain = _ABBREVIATION.sub(r"\1", re.sub(r"[*_]{1,2}(?=\S)|(?<=\S)[*_]{1,2}", "", plain))
        yield from (sentence for sentence in _END.split(plain) if words(sentence) > 0)


def labels(markdown: str) -> Iterator[str]:
    """Yield the headings and the rows of tables that people write, without what is code in them."""
    fence = ""
    for line in _GENERATED.sub("", markdown).splitlines():
        if opened := _FENCE.match(line):
            fence = "" if fence and opened[1].startswith(fence) else fence or opened[1]
        elif not fence and _LABEL.match(line):
            yield _CODE.sub("code", _LINK.sub(r"\1", line))


def _paragraphs(markdown: str) -> Iterator[str]:
    fence, lines = "", list[str]()
    for line in (*markdown.splitlines(), ""):
        if opened := _FENCE.match(line):
            if not fence and not opened[2].strip().startswith(_PROSE_FENCES):
                fence = opened[1]
            elif fence and opened[1].startswith(fence):
                fence = ""
            line = ""  # noqa: PLW2901 - a fence ends a paragraph
        ends = bool(fence) or not line.strip() or bool(_NO_PROSE.match(line))
        if lines and (ends or _ITEM.match(line)):
            yield " ".join(lines)
            lines = []
        if not ends:
            lines.append(_ITEM.sub("", line).strip())


def read(page: Path) -> Reading:
    """Return the reading of a file below the root."""
    text = page.read_text(encoding="utf-8")
    return Reading(page.relative_to(ROOT).as_posix(), tuple(sentences(text)), tuple(labels(text)))


def pages() -> list[Path]:
    """Return the pages that must be readable.

    The README and the site, without what is generated or left as it was.
    """
    site = sorted(
        path for path in (ROOT / "docs").rglob("*.md") if not {"reference", "_build"} & set(path.parts)
    )
    front = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
    return [*front, *(page for page in site if not _is_exempt(page))]


def _is_exempt(page: Path) -> bool:
    """Return whether a page is a record of an earlier decision, which is not edited after the fact."""
    return page.parent.name == "decisions" and page.name < _FIRST_CHECKED_RECORD


def quotes_records(page: Path) -> bool:
    """Return whether a page repeats what was written with a measurement, whose words stay as they were."""
    return page.parent.name == "benchmarks"


if __name__ == "__main__":
    for path in pages():
        reading = read(path)
        print(  # noqa: T201 - a report for the terminal
            f"{reading.page:60} {len(reading.sentences):4} sentences, mean {reading.mean:5.1f}, "
            f"{len(reading.too_long):3} too long, {len(reading.private):3} private words"
        )
        for sentence in reading.too_long:
            print(f"    {words(sentence)}: {sentence[:150]}")  # noqa: T201
        for word, sentence in reading.private:
            print(f"    {word}: {sentence[:150]}")  # noqa: T201
