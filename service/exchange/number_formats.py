"""What a spreadsheet shows of a number by its format.

Relations, units and digits that the value alone does not have. Formats as in ECMA-376, part 1, 18.8.31: up to
four sections, quoted and escaped literals, placeholders for digits. Knows no workbook.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|\[(?P<bracket>[^\]]*)\]|_.|\*.|(?P<plain>.)', re.DOTALL
)
_CONDITION = re.compile(r"(?P<sign><=|>=|<>|<|>|=)(?P<number>-?[0-9.]+)")
_CURRENCY = re.compile(r"\$(?P<sign>[^-]*)(-[0-9A-Fa-f]+)?")
"""`[$€-407]`: what is shown, and the locale it is of."""
_ISO_CURRENCY = re.compile(r"\$[A-Z]{3}-[0-9A-Fa-f]+")
_MOST_ZEROS = 15
_MAX_FORMAT = 255


@dataclass(frozen=True, slots=True)
class _Section:
    """One section: literals before and after the digits, and how the digits are shown."""

    before: str
    after: str
    is_percent: bool
    has_digits: bool
    n_zeros: int
    n_decimals: int | None
    condition: tuple[str, float] | None
    is_negative: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person reads in a cell.

    `text` without rounding, or None where a word stands in place of the number. `exact` is the number's
    digits where the format adds no relation and no units; `padded` has the decimals as shown.
    """

    exact: str | None
    padded: str
    text: str


def shown(value: float, number_format: str | None) -> Shown:
    """Return what a cell shows of a number."""
    section = _section(value, number_format or "General")
    digits = _digits(value, section)
    padded = digits
    if (
        section.n_decimals is not None
        and "e" not in digits
        and len(digits.partition(".")[2]) < section.n_decimals
    ):
        padded = f"{value:.{section.n_decimals}f}"
    if not section.has_digits:
        return Shown(None, section.before, section.before)
    before, after = section.before, section.after
    if section.is_negative:
        # The sign of a section for negative numbers stands in its literals, and in the digits here.
        before, after = before.removeprefix("-"), after.removesuffix("-")
    if not before and not after:
        return Shown(digits, padded, digits)
    # Whatever else is shown is kept, for the reader of values to understand or to refuse.
    text = f"{before}{_gap(before, digits)}{digits}{_gap(digits, after)}{after}"
    return Shown(None, text, text)


def _gap(left: str, right: str) -> str:
    """Return what keeps two numbers that stand side by side from being read as one."""
    return " | " if left[-1:].isdigit() and right[:1] in set("0123456789.,") else ""


def _digits(value: float, section: _Section) -> str:
    if section.is_percent:
        return f"{value * 100:.15g}%"
    if isinstance(value, int):
        return f"{value:0{section.n_zeros}d}"
    return f"{value:.15g}"  # as many digits as a spreadsheet has


def _section(value: float, number_format: str) -> _Section:
    sections = _sections(number_format[:_MAX_FORMAT])
    for section in sections:
        if section.condition is not None and _holds(value, *section.condition):
            return section
    free = [section for section in sections if section.condition is None] or list(sections)
    if value < 0 and len(free) > 1:
        return replace(free[1], is_negative=True)
    return free[2] if value == 0 and len(free) > 2 else free[0]  # noqa: PLR2004 - positive, negative, zero


def _holds(value: float, sign: str, bound: float) -> bool:
    return {
        "<": value < bound,
        "<=": value <= bound,
        ">": value > bound,
        ">=": value >= bound,
        "=": value == bound,
        "<>": value != bound,
    }[sign]


@lru_cache(maxsize=1_000)
def _sections(number_format: str) -> tuple[_Section, ...]:
    parts: list[list[re.Match[str]]] = [[]]
    for token in _TOKEN.finditer(number_format):
        if token["plain"] == ";":
            parts.append([])
        else:
            parts[-1].append(token)
    return tuple(_read_section(tokens) for tokens in parts[:3])


def _read_section(tokens: list[re.Match[str]]) -> _Section:
    plain = "".join(token["plain"] or "" for token in tokens)
    unquoted = [index for index, token in enumerate(tokens) if token["plain"]]
    general = plain.casefold().find("general")
    indices = [index for index in unquoted if tokens[index]["plain"] in set("0#?@")]
    indices = indices if general < 0 else unquoted[general : general + len("general")]
    first, last = (indices[0], indices[-1]) if indices else (len(tokens), len(tokens))
    condition = next((_CONDITION.fullmatch(token["bracket"]) for token in tokens if token["bracket"]), None)
    digits = plain.strip()
    decimals = re.fullmatch(r"[#,]*0+(?:\.(0+))?", digits)
    return _Section(
        before=_literal(tokens[:first]),
        # Commas alone only scale what is shown.
        after="" if (after := _literal(tokens[last + 1 :])).strip(",") == "" else after,
        is_percent="%" in plain,
        has_digits=bool(indices) or any(letter in plain.casefold() for letter in "ymdhs"),
        n_zeros=min(len(digits), _MOST_ZEROS) if digits and not digits.strip("0") else 0,
        n_decimals=min(len(decimals[1] or ""), _MOST_ZEROS) if decimals else None,
        condition=(condition["sign"], float(condition["number"])) if condition else None,
    )


def _literal(tokens: list[re.Match[str]]) -> str:
    """Return the text that is shown beside the digits.

    A percent sign counts by itself, currencies and brackets not.
    """
    text = "".join(
        token["quoted"]
        or token["escaped"]
        or _bracketed(token["bracket"])
        or (token["plain"] or "").replace("%", "")
        for token in tokens
    )
    return "".join(
        letter for letter in text if letter not in "()" and unicodedata.category(letter) != "Sc"
    ).strip()


def _bracketed(bracket: str | None) -> str:
    """Return what brackets of a format show.

    Nothing of a colour or a condition, and of a currency its sign.
    """
    found = _CURRENCY.fullmatch(bracket or "")
    return "" if found is None or _ISO_CURRENCY.fullmatch(found[0]) else found["sign"]
