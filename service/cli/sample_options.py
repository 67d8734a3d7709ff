"""Convert command-line options to a request for samples.

This module knows the request's members but not their effect.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import typer

SHIFTS = ("colder", "bolder")
_NEXT_COLUMN = re.compile(r";(?=[^;=]+=)")


@dataclass(frozen=True, slots=True)
class SampleOptions:
    """The options as typed; an empty one was not given."""

    n: int
    beta: Sequence[str] = ()
    boldness: Sequence[float] = ()
    preference: Sequence[str] = ()
    like: Sequence[str] = ()
    similarity: float | None = None
    require: Sequence[str] = ()
    avoid: Sequence[str] = ()
    avoid_group: Sequence[str] = ()
    round: int | None = None
    seed: int | None = None

    def request(self) -> dict[str, Any]:
        """Return the body of the request.

        Raises:
            typer.BadParameter: if an option cannot be read; the error names the option.
        """
        if self.similarity is not None and not self.like:
            raise _bad("similarity", "needs --like, an object to be similar to")
        if self.beta and self.boldness:
            raise _bad("boldness", "does not go together with --beta")
        likeness: dict[str, Any] = {"object": pairs("like", self.like)}
        if self.similarity is not None:
            likeness["similarity"] = self.similarity
        body = {
            "n": self.n,
            "beta": _betas(self.beta),
            "boldness": list(self.boldness),
            "preference": [numbers("preference", text.split(",")) for text in self.preference],
            "like": likeness if self.like else None,
            "require": list(self.require),
            "avoid": list(self.avoid),
            "avoid_groups": [_group(text) for text in self.avoid_group],
            "round": self.round,
            "seed": self.seed,
        }
        return {name: value for name, value in body.items() if value is not None and value != []}


def numbers(option: str, texts: Sequence[str]) -> dict[str, float]:
    """Parse `name=number` options into numbers by name.

    Raises:
        typer.BadParameter: if a value is not a number.
    """
    values = {}
    for name, text in pairs(option, texts).items():
        try:
            values[name] = float(text)
        except ValueError as error:
            raise _bad(option, f"{text!r} is no number") from error
    return values


def pairs(option: str, texts: Sequence[str]) -> dict[str, str]:
    """Parse `name=text` options into texts by name; the text may contain equals signs, as a SMILES does.

    Raises:
        typer.BadParameter: if an option has no such form, or a name occurs twice.
    """
    values: dict[str, str] = {}
    for item in texts:
        name, equals, text = (part.strip() for part in item.partition("="))
        if not (name and equals and text):
            raise _bad(option, f"{item!r} does not look like name=value")
        if name in values:
            raise _bad(option, f"{name} comes twice")
        values[name] = text
    return values


def _betas(texts: Sequence[str]) -> list[float] | str | None:
    if any(text in SHIFTS for text in texts):
        if len(texts) > 1:
            raise _bad("beta", f"{' and '.join(texts)} do not go together")
        return texts[0]
    try:
        return [float(text) for text in texts] or None
    except ValueError as error:
        raise _bad("beta", f"a number, {' or '.join(SHIFTS)}; not {', '.join(texts)}") from error


def _group(text: str) -> dict[str, Any]:
    by, colon, columns = (part.strip() for part in text.partition(":"))
    if not (by and colon and columns):
        raise _bad("avoid-group", f"{text!r} does not look like grouping:column=value")
    return {"by": by, "object": pairs("avoid-group", _NEXT_COLUMN.split(columns))}


def _bad(option: str, why: str) -> typer.BadParameter:
    return typer.BadParameter(why, param_hint=f"--{option}")
