"""What words in place of a value mean, where somebody says it.

Limits of an assay, and the words of a laboratory. `<LOD` is a censored value where a column or the sender
states the limit. Nothing is assumed: a word that nobody explains stays in its cell, and its row is rejected.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from models.specs.columns import key
from service.exchange.cells import Digits, Meant
from service.exchange.columns import unread
from service.exchange.headers import named_result
from service.exchange.tables import TableError
from service.exchange.units import are_convertible, check_known
from service.exchange.values import OUTCOMES, is_missing, outcome_word, read_value, shortened

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from models.campaign.spec import CampaignSpec
    from service.exchange.columns import Mapped
    from service.exchange.options import ReadingOptions
    from service.exchange.tables import RawRow, Table

_LEVELS = {
    **dict.fromkeys(("lod", "llod", "mdl", "detection", "detectable"), "lod"),
    **dict.fromkeys(("loq", "lloq", "quantification", "quantitation", "quantifiable", "ql"), "lloq"),
    **dict.fromkeys(("uloq", "hloq", "ulod"), "uloq"),
}
_LOWER = re.compile(
    r"(?:<\s*|below\s+(?:the\s+)?|under\s+(?:the\s+)?|not\s+)(?:lower\s+)?(?:limit\s+of\s+)?"
    r"(?P<level>llod|lod|mdl|lloq|loq|detection|detectable|quantification|quantitation|quantifiable)(?:\s+(?:limit|range))?"
    r"|(?P<short>b(?:lo?d|dl)|b(?:lo?q|ql))",
    re.IGNORECASE,
)
_UPPER = re.compile(
    r"(?:>\s*|above\s+(?:the\s+)?|over\s+(?:the\s+)?)(?:upper\s+)?(?:limit\s+of\s+)?"
    r"(?P<level>uloq|hloq|ulod|loq|quantification|quantitation|detection)(?:\s+(?:limit|range))?|a(?:lo?q|ql)",
    re.IGNORECASE,
)
MISSING_WORD = "missing"
_MOST_WORDS = 20
_LONGEST_WORD = 60
_HAS_DIGIT = re.compile("[0-9]")


@dataclass(frozen=True, slots=True)
class OpenWords:
    """Words in place of values that nobody has explained, with how many cells say each."""

    counts: Mapping[str, int]

    def questions(self) -> list[dict[str, Any]]:
        """Return one question for the file, or none."""
        if not self.counts:
            return []
        shown = ", ".join(f"{text!r} ({count} times)" for text, count in self.counts.items())
        return [
            {
                "parameter": "words",
                "detail": f"what stands in place of a value: {shown}? Send words with a meaning for each",
                "choices": [
                    MISSING_WORD,
                    *(name for name in OUTCOMES if name != "ok"),
                    "a value such as '> 30 uM'",
                ],
            }
        ]


def with_meanings(
    table: Table, mapped: Mapped, spec: CampaignSpec, options: ReadingOptions
) -> tuple[Table, OpenWords, set[str]]:
    """Return the table with the meanings of its words, the words left, and the headers of limits read.

    Raises:
        TableError: if a meaning or a limit cannot be understood.
    """
    words = {text.strip().casefold(): meaning_of(text, meaning) for text, meaning in options.words.items()}
    values = {column.header: column.type for column in mapped.results}
    if not values and "value" in mapped.fields:
        values = {mapped.fields["value"]: mapped.default_type or ""}
    found = list(_words(table, values, words.keys()))
    counts = Counter(text for _, _, text in found)
    known = {text for text in counts if text.strip().casefold() in words}
    limits = _Limits(table, mapped, spec, options)
    changed: dict[int, dict[str, str]] = {}
    left = Counter[str]()
    for index, header, text in found:
        row = table.rows[index]
        meant = None
        if text in known:
            meant = Meant(words[text.strip().casefold()], text, has_point=True)
        elif limit := limits.meant(text, row, values[header], mapped):
            meant = Meant(limit[0], text, has_point=limit[1])
        if meant is None:
            left[text] += 1
        else:
            changed.setdefault(index, {})[header] = meant
    if options.words and "outcome" in mapped.fields:
        _explain_outcomes(table, mapped.fields["outcome"], words, changed)
    if changed:
        rows = tuple(
            replace(row, cells={**row.cells, **changed[index]}) if index in changed else row
            for index, row in enumerate(table.rows)
        )
        table = replace(table, rows=rows)
    open_words = {text: count for text, count in left.most_common(_MOST_WORDS) if len(text) <= _LONGEST_WORD}
    return table, OpenWords(open_words), limits.read


def check_limit(name: str, limit: str, spec: CampaignSpec) -> None:
    """Check what is said to be a limit of an assay, before there is a table.

    Raises:
        TableError: if it is none of an assay that the campaign reads, or no value in units of this assay.
    """
    kind, _ = _named_limit(name, list(spec.quantities()))
    units = spec.quantities()[kind].units if kind else None
    try:
        read = read_value(limit)
        if read.rest is not None:
            check_known(read.rest)
    except ValueError as error:
        raise TableError(f"limits: {error}") from error
    if read.relation is not None:
        raise TableError(f"limits: {shortened(limit)} has a relation: leave it out, the cell has one")
    if read.rest is not None and units is not None and not are_convertible(read.rest, units):
        raise TableError(
            f"limits: {shortened(limit)} cannot be converted to {units}, in which {kind} is read"
        )


def _named_limit(name: str, types: Sequence[str]) -> tuple[str, str]:
    """Return the assay, blank for any, and the level that the name of a limit says.

    Raises:
        TableError: if it does not name them.
    """
    kind, _, level = name.strip().rpartition(" ")
    kinds = {key(each): each for each in types} | {"": ""}
    if key(kind) not in kinds or key(level) not in _LEVELS:
        raise TableError(f"limits: {name[:60]!r} must be an assay and LOD, LLOQ or ULOQ, as in 'IC50 LOD'")
    return kinds[key(kind)], _LEVELS[key(level)]


def meaning_of(text: str, meaning: str) -> str:
    """Return what a word means as the text of a cell.

    Raises:
        TableError: if it is neither missing, nor an outcome, nor a value.
    """
    if meaning.strip().casefold() == MISSING_WORD:
        return ""
    if meaning.strip().casefold() in OUTCOMES or _HAS_DIGIT.search(meaning):
        return meaning.strip()
    outcomes = ", ".join(OUTCOMES)
    raise TableError(f"words: {shortened(text)} must mean missing, {outcomes}, or a value such as '> 30 uM'")


def _words(table: Table, headers: Iterable[str], known: Collection[str]) -> Iterator[tuple[int, str, str]]:
    """Yield the cells of values that hold a word, with digits if it is known.

    Index of the row, header, text.
    """
    for header in headers:
        for index, row in enumerate(table.rows):
            text = row.cells.get(header, "")
            is_word = (
                text and not _HAS_DIGIT.search(text) and not is_missing(text) and outcome_word(text) is None
            )
            if is_word or (known and text.strip().casefold() in known):
                yield index, header, text


def _explain_outcomes(
    table: Table, header: str, words: Mapping[str, str], changed: dict[int, dict[str, str]]
) -> None:
    for index, row in enumerate(table.rows):
        text = row.cells.get(header, "")
        meant = words.get(text.strip().casefold()) if text else None
        if meant is not None and (meant == "" or meant.casefold() in OUTCOMES):
            changed.setdefault(index, {})[header] = Meant(meant, text, has_point=True)


class _Limits:
    """The limits of assays that the file or its sender states."""

    def __init__(self, table: Table, mapped: Mapped, spec: CampaignSpec, options: ReadingOptions) -> None:
        self.read: set[str] = set()
        self._types = list(spec.quantities())
        self._stated = {_named_limit(name, self._types): text for name, text in options.limits.items()}
        self._columns: dict[tuple[str, str], tuple[str, str]] = {}
        names = {level: f" {level}" for level in _LEVELS}
        names |= {f"{key(kind)}_{level}": f"{kind} {level}" for kind in self._types for level in _LEVELS}
        names |= {
            f"{key(each.name)}_{level}": f"{each.assay_type} {level}"
            for each in spec.objectives
            if each.assay_type
            for level in _LEVELS
        }
        for header in unread(table, mapped):
            named = named_result(header, names)
            if named is not None:
                kind, _, level = named[0].rpartition(" ")
                self._columns.setdefault((kind, _LEVELS[level]), (header, named[1] or ""))

    def meant(self, text: str, row: RawRow, kind: str, mapped: Mapped) -> tuple[str, bool] | None:
        """Return the value that a word for a limit stands for, and whether its number has a point.

        None if unknown.
        """
        found = _level(text)
        if found is None:
            return None
        sign, level = found
        kind = kind or row.cells.get(mapped.fields.get("type", ""), "")
        for owner in (kind, ""):
            if (owner, level) in self._columns:
                header, units = self._columns[owner, level]
                self.read.add(header)
                limit = row.cells.get(header, "")
                if not is_missing(limit):
                    return f"{sign} {limit} {units}".rstrip(), isinstance(limit, Digits)
            if (owner, level) in self._stated and (owner or len(self._types) == 1):
                return f"{sign} {self._stated[owner, level]}", True
        return None


def _level(text: str) -> tuple[str, str] | None:
    """Return the relation of a word for a limit, and which limit it is."""
    plain = " ".join(text.split())
    if lower := _LOWER.fullmatch(plain):
        if lower["level"]:
            return "<", _LEVELS[lower["level"].casefold()]
        return "<", "lod" if "d" in lower["short"].casefold() else "lloq"
    return (">", "uloq") if _UPPER.fullmatch(plain) else None
