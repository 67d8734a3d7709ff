"""Fragments by how often chemists use them, and what is attached where. Torch-free.

Reads what `build_vocabulary` counts in molecules that ship with two packages, and the older list of
`BRICS` fragments, which campaigns created before it keep.
"""

from __future__ import annotations

import csv
import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

FRAGMENTS_FILE = "fragments.csv"
ATTACHMENTS_FILE = "attachments.csv"
SIZES_FILE = "sizes.csv"
OLDER_FILE = "brics_vocabulary.json"


class CommonFragment(NamedTuple):
    """A fragment as SMILES with [*], and the number of molecules that contain it."""

    smiles: str
    molecules: int


class Attachment(NamedTuple):
    """A fragment attached at an atom of some environment; empty where a molecule is built from it."""

    environment: str
    core: str
    own_environment: str
    """Of the fragment's atom that is attached."""


@cache
def common_fragments() -> tuple[CommonFragment, ...]:
    """Return the fragments of the rules `units`, the most frequent first."""
    rows = csv.DictReader((files(__package__) / FRAGMENTS_FILE).read_text().splitlines())
    return tuple(CommonFragment(row["smiles"], int(row["molecules"])) for row in rows)


@cache
def common_attachments() -> Mapping[Attachment, float]:
    """Return how often each fragment was attached at each environment."""
    rows = csv.DictReader((files(__package__) / ATTACHMENTS_FILE).read_text().splitlines())
    return {
        Attachment(row["environment"], row["core"], row["own_environment"]): float(row["count"])
        for row in rows
    }


@cache
def common_sizes() -> Mapping[int, float]:
    """Return how many molecules have each number of fragments."""
    rows = csv.DictReader((files(__package__) / SIZES_FILE).read_text().splitlines())
    return {int(row["fragments"]): float(row["molecules"]) for row in rows}


@cache
def older_fragments() -> tuple[str, ...]:
    """Return the fragments of the rules `brics`, the most frequent first."""
    content = json.loads((files(__package__) / OLDER_FILE).read_text())
    return tuple(entry["smiles"] for entry in content["fragments"])
