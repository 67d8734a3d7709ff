"""Hazard lists: objects that an operator forbids to propose in any campaign. Torch-free.

A list is a file (JSON or CSV) of patterns in a domain's pattern language, or comes from a package's entry
point. It fails closed: a list that cannot be read completely is an error that stops a worker or a round.
Knows no reward, no policy and no chemistry. No list is included, and passing one is no clearance of any kind.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, final

from pydantic import Field, ValidationError

from models.domains import installed, open_domain
from models.specs.base import FrozenModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from models.domains.contract import Domain
    from models.specs.base import DomainSpec

    Matcher = Callable[[str], str | None]

ENTRY_POINT_GROUP = "assayflow.hazards"
COLUMNS = ("name", "version", "domain", "pattern", "reason")


class HazardListError(ValueError):
    """A hazard list cannot be used; the message names the list or its file, and the entry."""


@final
@dataclass(frozen=True, slots=True)
class HazardList:
    """A parsed hazard list.

    `domain` is the kind of objects, and `where` holds further conditions on the domain's specification (such
    as `{"space": "mixture"}`). `open` returns, for a domain, the function that gives the reason to refuse an
    object, or None; it raises ValueError where the list is not written in that domain's language. `sha256` is
    the digest of the list's content.
    """

    name: str
    version: str
    domain: str
    sha256: str
    open: Callable[[Domain], Matcher]
    where: Mapping[str, Any] = field(default_factory=dict)

    def applies(self, spec: DomainSpec) -> bool:
        """Return whether the list applies to a domain's specification."""
        document = spec.model_dump(mode="json")
        return spec.kind == self.domain and all(document.get(name) == value for name, value in self.where.items())


class _Entry(FrozenModel):
    pattern: str = Field(min_length=1)
    reason: str = Field(min_length=1)


class _File(FrozenModel):
    name: str = Field(min_length=1)
    version: str = Field(min_length=1)
    domain: str = Field(min_length=1)
    where: dict[str, Any] = Field(default_factory=dict)
    entries: tuple[_Entry, ...] = Field(min_length=1)


def _matcher(entries: Sequence[_Entry], domain: Domain) -> Matcher:
    tests = []
    for index, entry in enumerate(entries, start=1):
        try:
            tests.append((domain.pattern(entry.pattern), entry.reason))
        except ValueError as error:
            raise ValueError(f"entry {index}: {error}") from error
    return lambda text: next((reason for test, reason in tests if test(text)), None)


def read_hazard_list(path: Path) -> HazardList:
    """Return the list in a JSON or CSV file.

    JSON is one object with `name`, `version`, `domain`, `entries` (objects with `pattern` and `reason`) and,
    if need be, `where`; CSV has a row for each entry and the columns `name,version,domain,pattern,reason`.

    Raises:
        HazardListError: if the file cannot be read or is no complete list.
    """
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
        document = _rows(text) if path.suffix.lower() == ".csv" else json.loads(text)
        result = _File.model_validate(document)
    except (OSError, ValueError) as error:  # pydantic's and JSON's errors are ValueErrors
        raise HazardListError(f"the hazard list in {path.name} cannot be read: {_describe_error(error)}") from error
    return HazardList(
        result.name,
        result.version,
        result.domain,
        hashlib.sha256(content).hexdigest(),
        partial(_matcher, result.entries),
        result.where,
    )


def _rows(text: str) -> dict[str, Any]:
    try:
        header, *rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), strict=True) if row]
    except (csv.Error, ValueError) as error:
        raise ValueError(str(error) if isinstance(error, csv.Error) else "it is empty") from error
    if sorted(header) != sorted(COLUMNS):
        raise ValueError(f"the columns must be {', '.join(COLUMNS)}")
    if wrong := [index for index, row in enumerate(rows, start=2) if len(row) != len(header)]:
        raise ValueError(f"row {wrong[0]} has not one cell for each column")
    entries = [dict(zip(header, row, strict=True)) for row in rows]
    heads = {tuple(entry.pop(name) for name in COLUMNS[:3]) for entry in entries}
    if len(heads) != 1:
        raise ValueError("there must be rows, and all with the same name, version and domain")
    return dict(zip(COLUMNS[:3], heads.pop(), strict=True)) | {"entries": entries}


def _describe_error(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()[:3])
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)


def load_hazard_lists(paths: Iterable[Path]) -> tuple[HazardList, ...]:
    """Return the lists in files, then those of installed packages, checked as far as possible.

    A package offers a list by an entry point of the group `assayflow.hazards`: a function without arguments
    that returns a `HazardList`.

    Raises:
        HazardListError: if a list cannot be read, has a duplicate name, is about no installed domain, or is
            written in the language of none of that domain's examples.
    """
    lists = [read_hazard_list(path) for path in paths]
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        try:
            lists.append(entry.load()())
        except Exception as error:  # any error of a package means that its list is missing
            raise HazardListError(f"the hazard list of entry point {entry.name!r} cannot be loaded: {error}") from error
    names = [item.name for item in lists]
    for item in lists:
        if names.count(item.name) > 1:
            raise HazardListError(f"two hazard lists have the name {item.name!r}")
        _check(item)
    return tuple(lists)


def _check(item: HazardList) -> None:
    plugin = installed().get(item.domain)
    if plugin is None:
        raise HazardListError(f"hazard list {item.name!r}: no installed domain is {item.domain!r}")
    problems = []
    for example, _ in plugin.examples:
        spec = plugin.spec.model_validate(example)
        if not item.where or item.applies(spec):
            try:
                item.open(open_domain(spec))
            except Exception as error:  # noqa: BLE001 - reported if no example accepts the list
                problems.append(str(error))
            else:
                return
    document = problems[0] if problems else f"no example of {item.domain} is as `where` says"
    raise HazardListError(f"hazard list {item.name!r}: {document}")
