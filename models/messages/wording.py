"""How templates of messages turn parameters into words: plurals, lists, rounds, shares. Knows no message.

A template is a Python format string. Beside Python's own format specifications a field accepts
`singular|plural` (chosen by a count or by the length of a list) and the names in `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Sized
from string import Formatter
from typing import Any, final


def _item(value: object) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _and(values: Sequence[object]) -> str:
    return " and ".join(map(_item, values))


def _rounds(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"round {numbers[0]}"
    is_unbroken = numbers[-1] - numbers[0] == len(numbers) - 1
    return f"rounds {numbers[0]}-{numbers[-1]}" if is_unbroken else f"rounds {', '.join(map(str, numbers))}"


def _shares(shares: Mapping[str, float]) -> str:
    return _and([f"{name} {share:.0%}" for name, share in shares.items()])


def _beta_shares(shares: Mapping[str, float]) -> str:
    return _and([f"β = {beta} ({share:.1%})" for beta, share in shares.items()])


def _beta_nats(divergences: Mapping[str, float]) -> str:
    return _and([f"{kl:.1f} nats at β = {beta}" for beta, kl in divergences.items()])


def _effects(effects: Mapping[str, str]) -> str:
    return ", ".join(f"{part} ({effect} it)" if effect else part for part, effect in effects.items())


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in counts.items())


FORMATS: dict[str, Callable[[Any], str]] = {
    "beta_nats": _beta_nats,
    "beta_shares": _beta_shares,
    "counts": _counts,
    "effects": _effects,
    "list": lambda values: ", ".join(map(_item, values)),
    "rounds": _rounds,
    "semicolons": "; ".join,
    "shares": _shares,
    "units": lambda units: f" {units}" if units else "",
    "version": lambda name: "the unnamed version" if name is None else f"version {name}",
    "words": lambda name: name.replace("_", " "),
}


@final
class Wording(Formatter):
    """Python's formatter with the formats of messages."""

    def format_field(self, value: Any, format_spec: str) -> str:
        """Return one parameter in words."""
        if "|" in format_spec:
            singular, plural = format_spec.split("|")
            return singular if (len(value) if isinstance(value, Sized) else value) == 1 else plural
        if format_spec in FORMATS:
            return FORMATS[format_spec](value)
        return format(value, format_spec)

    def fields(self, template: str) -> set[str]:
        """Return the names of a template's parameters."""
        return {name for _, name, _, _ in self.parse(template) if name is not None}


WORDING = Wording()
