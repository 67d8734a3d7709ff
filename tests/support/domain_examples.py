"""Every example of every installed domain, opened: the subjects of the conformance suites."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.domains import installed
from models.domains.contract import Domain, Plugin


@dataclass(frozen=True)
class Example:
    """One plug-in's example.

    Its specification, its rows of columns, the open domain and the canonical texts.
    """

    plugin: Plugin
    spec: Mapping[str, Any]
    rows: tuple[Mapping[str, str], ...]
    domain: Domain
    texts: list[str]


def names() -> list[tuple[str, int]]:
    """Return kind and number of every example."""
    return [(kind, index) for kind, plugin in installed().items() for index in range(len(plugin.examples))]


def open_example(kind: str, index: int) -> Example:
    """Open one example."""
    plugin = installed()[kind]
    spec, rows = plugin.examples[index]
    domain = plugin.open(plugin.spec.model_validate(spec))
    return Example(plugin, spec, rows, domain, [domain.parse(row) for row in rows])


def examples_of(kind: str) -> Iterator[Example]:
    """Open every example of one kind."""
    return (open_example(kind, index) for index in range(len(installed()[kind].examples)))
