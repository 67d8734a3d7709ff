"""The text of one value cell by one grammar: a number, nothing, a censored word, an outcome, or unreadable.

Knows no units and no campaign; which sign is the decimal one has been decided for the whole file (`reading`).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from html import unescape
from typing import Literal, cast, get_args
from unicodedata import normalize

from models.records import Outcome, Relation

Decimal = Literal["point", "comma"]

SIGN_OF: dict[Decimal, str] = {"point": ".", "comma": ","}
RELATIONS = get_args(Relation)
OUTCOMES = get_args(Outcome)
MISSING = frozenset(
    {
        *(
            "",
            "?",
            ".",
            "n/a",
            "#n/a",
            "na",
            "<na>",
            "n.a.",
            "n.a",
            "nd",
            "n.d.",
            "n.d",
            "none",
            "null",
            "nan",
            "nil",
        ),
        *(
            "not determined",
            "not available",
            "not tested",
            "not measured",
            "missing",
            "no data",
            "tbd",
            "pending",
        ),
        *("n/d", "n/t", "nt", "n.t.", "n.t", "k.a.", "k. a.", "nat", "blank", "empty"),
    }
)
"""How people write that there is no value; dashes and dots alone say it as well."""
_NOTHING = re.compile(r"[-–—_.…\s]*")  # noqa: RUF001 - dashes as spreadsheets make them
_CENSORED = re.compile(
    r"[<>≤≥]?\s*(lod|loq|lloq|uloq|llod|uld|lld|max|min|mdl|range)|"
    r"b(lo?q|lod|ql|dl)|a(lo?q|ql)|(below|above|out of) .*"
    r"|inactive|no fit|no effect|not active|ov(rflw|erflow|er)|saturated|#sat|range\?",
    re.IGNORECASE,
)
_OUTCOME_WORDS = {
    "failed_synthesis": (
        "synthesis_failed",
        "not_synthesised",
        "not_synthesized",
        "not_made",
        "failed_to_synthesise",
    ),
    "failed_qc": ("qc_failed", "qc_fail", "failed_quality_control"),
    "insoluble": ("not_soluble", "precipitated", "precipitate"),
    "assay_failed": ("failed_assay", "assay_fail", "assay_failure"),
    "not_tested": ("untested", "n_t", "nt", "n/t"),
}
CALLS = frozenset(("active", "inactive", "inconclusive", "unspecified", "hit", "non_hit", "not_active"))
"""What a screen says of a compound in the column of outcomes: how its value is to be taken, and no failure.
"""
_OUTCOMES = {word: name for name, words in _OUTCOME_WORDS.items() for word in (name, *words)} | {"ok": "ok"}

_SIGNS = {"≤": "<=", "≥": ">=", "=<": "<=", "=>": ">=", "≈": "~", "<<": "<", ">>": ">", "==": "="}
_SIGNS |= dict.fromkeys(("ca", "ca.", "approx", "approx.", "about", "circa", "~="), "~")
_SIGNS |= {"gt": ">", "lt": "<", "ge": ">=", "gte": ">=", "le": "<=", "lte": "<=", "eq": "=", "equals": "="}
_SIGNS |= {"greater than": ">", "less than": "<", "equal to": "=", "at least": ">=", "at most": "<="}
_SIGNS |= dict.fromkeys(
    ("above", "over", "greater", "more", "higher", "more than", "higher than", "larger than"), ">"
)
_SIGNS |= dict.fromkeys(
    ("below", "under", "less", "fewer", "lower", "fewer than", "lower than", "smaller than"), "<"
)
_SIGNS |= {
    "equal": "=",
    "exact": "=",
    "exactly": "=",
    "≧": ">=",
    "⩾": ">=",
    "≦": "<=",
    "⩽": "<=",
    "≫": ">",
    "≪": "<",
}
MAX_VALUE = 200
"""Longest value cell that can be a number, in characters."""
GROUP = "'’\u00a0\u2009\u202f"  # noqa: RUF001 - what separates thousands beside points and commas
_DIGITS = (
    rf"(?:[0-9]{{1,3}}(?:[ {GROUP}][0-9]{{3}})+(?:[.,][0-9]+)?(?![0-9])|[0-9](?:[0-9,]|\.(?!\.))*|[.,][0-9]+)"
)
NUMBER = rf"[+-]?{_DIGITS}"
_POWER = (
    r"(?:e[+-]?[0-9]{1,4}|\s+e[+-][0-9]{1,4}|"
    r"\s*[x×*·]\s*10(?:\^|\*\*)\s*[+-]?[0-9]{1,3}|\s*[x×]\s*10[+-][0-9]{1,3})"  # noqa: RUF001
)
_SIGN = (
    r"<<|>>|<=|>=|=<|=>|==|~=|[<>=~≤≥≈]|"
    r"(?:ca\.?|approx\.?|about|circa|above|below|over|under|at (?:least|most)"
    r"|(?:greater|more|higher|larger|less|fewer|lower|smaller) than)(?=\s)"
)
VALUE = re.compile(
    rf"(?P<sign>{_SIGN})?\s*"
    rf"(?:(?P<ten>10(?:\^|\*\*)\s*[+-]?[0-9]{{1,3}})|(?P<number>{NUMBER})(?P<power>{_POWER})?)"
    rf"(?:\s*(?:±|\+/-|\+-|\+/−)\s*(?P<error>{_DIGITS}(?:{_POWER})?)"  # noqa: RUF001
    rf"|(?P<between>\s*(?:–|—|\.\.+|\s-\s|-(?=[0-9.])|\bto\b|\bbis\b)\s*)(?P<upper>{NUMBER}(?:{_POWER})?))?"  # noqa: RUF001
    r"(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_PLAIN = {
    decimal: re.compile(
        rf"(?P<sign>[<>]=?|[=~≤≥])?\s*(?P<number>[+-]?(?:[0-9]+\{sign}?[0-9]*|\{sign}[0-9]+)(?:[eE][+-]?[0-9]{{1,4}})?)"
    )
    for decimal, sign in SIGN_OF.items()
}
"""What most cells are, read without the whole grammar."""
_BARE = re.compile(rf"(?P<digits>{NUMBER})(?P<rest>(?:e[+-]?[0-9]{{1,4}})?\s*%?)", re.IGNORECASE)
_EXPONENT = re.compile(_POWER, re.IGNORECASE)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_WIDE = {0xFF01 + index: 0x21 + index for index in range(94)}
"""Letters of East Asian width, which keyboards there write."""
_COUNT = re.compile(r"[\s,;]*[(\[]?\s*n\s*=\s*(?P<n>[0-9]{1,4})\s*[)\]]?$", re.IGNORECASE)
"""How many readings a mean has, behind it: `12.5 nM (n=3)`."""
_RAISED = re.compile(r"(?<=10)([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_UNITS_TWICE = re.compile(
    r"(?P<first>.*[0-9])\s*(?P<units>%|[^\W\d_][^\s\d±+-]+)(?P<gap>\s*)"
    r"(?:(?P<error>(?:±|\+/-|\+-)\s*[0-9][0-9.,]*)\s*(?P=units)?"
    r"|(?P<to>(?:–|-|to|bis)\s*[0-9][0-9.,]*)\s*(?P=units))"  # noqa: RUF001 - dashes as spreadsheets make them
)
"""Units behind both numbers of a cell, or behind the first: `12 nM ± 3 nM`, `10 nM to 20 nM`."""
_FINITE = re.compile(r"[+-]?(nan|inf(inity)?)", re.IGNORECASE)


class ValueTextError(ValueError):
    """A cell does not hold what its column asks for.

    The message is a sentence for the person who filled it in.
    """


@dataclass(frozen=True, slots=True)
class ReadValue:
    """A value with what stood in the same cell; `rest` is the text behind it, which must be its units."""

    number: float
    relation: Relation | None = None
    rest: str | None = None
    error: float | None = None
    upper: float | None = None
    n: int | None = None


def is_missing(text: str) -> bool:
    """Return whether the cell says that there is no value; the NaN of a typed cell is a broken value."""
    if type(text) is not str:
        return not text
    plain = text.strip()
    return plain.casefold() in MISSING or (plain[:1] in "-–—_.…" and _NOTHING.fullmatch(plain) is not None)  # noqa: RUF001


def is_outcome(text: str) -> bool:
    """Return whether a cell says how something ended, in words that are known or not."""
    return bool(text) and (_outcome_key(text) in _OUTCOMES or not is_missing(text))


def outcome_word(text: str) -> Outcome | None:
    """Return the outcome that stands in place of a value (`insoluble`), if one does."""
    found = _OUTCOMES.get(_outcome_key(text))
    return cast("Outcome", found) if found not in (None, "ok") else None


def read_value(text: str, decimal: Decimal = "point") -> ReadValue:
    """Read one value cell that is not missing.

    Raises:
        ValueTextError: if it is no finite number.
    """
    if len(text) > MAX_VALUE:
        raise ValueTextError(
            f"{shortened(text)} is longer than a value: at most {MAX_VALUE} characters are read"
        )
    plain = text.strip().strip("'")
    if simple := _PLAIN[decimal].fullmatch(plain):
        sign = read_relation(simple["sign"]) if simple["sign"] else None
        return ReadValue(_finite(float(simple["number"].replace(",", ".")), text), sign)
    match = VALUE.fullmatch(spelled(plain))
    if match is None:
        raise ValueTextError(_unreadable(text))
    relation = read_relation(match["sign"]) if match["sign"] else None
    _check_range(match, text)
    number = _scaled(match["number"] or "1", match["power"] or match["ten"] or "", decimal, text)
    error, upper = (_part(match[name], decimal, text) for name in ("error", "upper"))
    rest = match["rest"].strip()
    count = _COUNT.search(rest) if "=" in rest else None
    if count:
        rest = rest[: count.start()].strip()
    if rest[:1] in (";", ",") and re.match(r"\W\s*[+-]?[0-9.]", rest):
        raise ValueTextError(f"{shortened(text)} holds two values; give each a row of its own")
    if rest and (rest[0].isdigit() or rest[0] in ".,:-+<>"):
        raise ValueTextError(f"{shortened(text)} is not a number")
    return ReadValue(number, relation, rest or None, error, upper, int(count["n"]) if count else None)


def _check_range(match: re.Match[str], text: str) -> None:
    """Check that a hyphen between two numbers is no minus sign.

    `-3.1 -3.2` is two values, `-1.5 - 0.3` either.

    Raises:
        ValueTextError: if it may be one.
    """
    between = match["between"]
    if not between or between.strip() != "-":
        return
    is_of_negatives = (match["number"] or "").startswith("-") and not match["upper"].startswith("-")
    if is_of_negatives or (between[0].isspace() and not between[-1].isspace()):
        raise ValueTextError(
            f"{shortened(text)} may be a range or two values: write 'to' between the ends of a range, and "
            f"give two "
            "values a row each"
        )


def with_point(text: str, decimal: Decimal) -> str:
    """Return a number or percentage with a decimal point and no grouping, any other text as it is."""
    match = _BARE.fullmatch(spelled(text.strip())) if len(text) <= MAX_VALUE else None
    digits = _ungrouped(match["digits"], decimal) if match else None
    return text if match is None or digits is None else f"{digits}{match['rest']}"


def spelled(text: str) -> str:
    """Return a cell with plain minus signs, exponents behind a caret, and its units once, at the end."""
    plain = unescape(text) if "&" in text else text
    plain = plain if plain.isascii() else plain.translate(_WIDE).replace("\u2212", "-")
    plain = _RAISED.sub(lambda found: f"^{found[1].translate(_SUPERSCRIPTS)}", plain)
    twice = _UNITS_TWICE.fullmatch(plain) if len(plain) <= MAX_VALUE else None
    return (
        plain
        if twice is None
        else f"{twice['first']}{twice['gap']}{twice['error'] or twice['to']} {twice['units']}"
    )


def read_relation(text: str) -> Relation:
    """Read a relation; ChEMBL's exports put it in apostrophes.

    Raises:
        ValueTextError: if it is none of the six.
    """
    plain = _bare_relation(text)
    plain = _SIGNS.get(plain.casefold(), plain)
    if plain not in RELATIONS:
        raise ValueTextError(f"{shortened(text)} is not a relation; use one of {' '.join(RELATIONS)}")
    return cast("Relation", plain)


def is_relation(text: str) -> bool:
    """Return whether a cell says one of the relations and nothing else."""
    plain = _bare_relation(text)
    return plain in RELATIONS or plain.casefold() in _SIGNS


def _bare_relation(text: str) -> str:
    """Return a relation without quotes, as a plain sign where a program wrote `&gt;` or a wide one."""
    return normalize("NFKC", unescape(text)).strip().strip("'").strip()


def activity_call(text: str) -> str | None:
    """Return the verdict of a screen that a cell says in place of an outcome, if it does."""
    plain = _outcome_key(text)
    return plain if plain in CALLS else None


def read_outcome(text: str) -> Outcome:
    """Read an outcome; spaces and capitals do not matter.

    Raises:
        ValueTextError: if it is none of the known ones.
    """
    plain = _outcome_key(text)
    if plain not in _OUTCOMES:
        raise ValueTextError(
            f"{shortened(text)} is not an outcome; use one of {', '.join(OUTCOMES)} or leave it blank"
        )
    return cast("Outcome", _OUTCOMES[plain])


def read_number(text: str, decimal: Decimal = "point") -> float:
    """Read a bare number.

    Raises:
        ValueTextError: if there is anything else in the cell.
    """
    read = read_value(text, decimal)
    if read != ReadValue(read.number):
        raise ValueTextError(f"{shortened(text)} is not a bare number")
    return read.number


def shortened(text: str) -> str:
    """Return the text in quotes, cut to what fits in a sentence."""
    return repr(str(text) if len(text) <= 60 else f"{text[:57]}...")  # noqa: PLR2004 - a line's worth


def _outcome_key(text: str) -> str:
    return re.sub(r"[\s-]+", "_", text.strip().casefold())


def _part(text: str | None, decimal: Decimal, cell: str) -> float | None:
    if text is None:
        return None
    power = _EXPONENT.search(text)
    end = power.start() if power else len(text)
    return _scaled(text[:end], power[0] if power else "", decimal, cell)


def _scaled(digits: str, power: str, decimal: Decimal, cell: str) -> float:
    """Return `1.234,5` or `1.2` with ` x 10^-3` as a number."""
    plain = _ungrouped(digits, decimal)
    if plain is None:
        other: Decimal = "comma" if decimal == "point" else "point"
        hint = f"; if it has a decimal {other}, send decimal={other}" if SIGN_OF[other] in digits else ""
        raise ValueTextError(f"{shortened(cell)} is not a number with a decimal {decimal}{hint}")
    exponent = re.search(r"[+-]?[0-9]+$", power)
    return _finite(float(f"{plain}e{exponent[0]}" if exponent else plain), cell)


def _ungrouped(digits: str, decimal: Decimal) -> str | None:
    sign, group = (".", ",") if decimal == "point" else (",", ".")
    whole, _, part = digits.partition(sign)
    if not part.isdigit() and part:
        return None
    parts = re.split(rf"[ {GROUP}{group}]", whole)
    is_grouped = (
        len(parts) == 1
        or (
            len(set(re.findall(rf"[ {GROUP}{group}]", whole))) == 1
            and 0 < len(parts[0].lstrip("+-")) < 4  # noqa: PLR2004 - thousands
            and all(len(item) == 3 for item in parts[1:])  # noqa: PLR2004
        )
    )
    return f"{''.join(parts)}.{part or '0'}" if is_grouped else None


def _finite(number: float, cell: str) -> float:
    if not math.isfinite(number):
        raise ValueTextError(
            f"{shortened(cell)} is not a finite number; leave the cell blank or give an outcome"
        )
    return number


def _unreadable(text: str) -> str:
    if _FINITE.fullmatch(text.strip()):
        return f"{shortened(text)} is not a finite number; leave the cell blank or give an outcome"
    if _CENSORED.fullmatch(text.strip()):
        return (
            f"{shortened(text)} does not say which limit it means: write it as a relation and a number, "
            f"such as < 10"
        )
    return f"{shortened(text)} is not a number"
