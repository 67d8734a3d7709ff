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
OLDER_FILE = "brics_vocabulary.json"


class CommonFragment(NamedTuple):
    """A fragment as SMILES with [*], and the number of molecules that contain it."""

    smiles: str
    molecules: int


@cache
def common_fragments() -> tuple[CommonFragment, ...]:
    """Return the fragments of the rules `units`, the most frequent first."""
    rows = csv.DictReader((files(__package__) / FRAGMENTS_FILE).read_text().splitlines())
    return tuple(CommonFragment(row["smiles"], int(row["molecules"])) for row in rows)


@cache
def common_attachments() -> Mapping[tuple[str, str], float]:
    """Return how often each fragment was attached at each environment, by (environment, core).

    The environment is empty for the fragment from which a molecule is built.
    """
    rows = csv.DictReader((files(__package__) / ATTACHMENTS_FILE).read_text().splitlines())
    return {(row["environment"], row["core"]): float(row["count"]) for row in rows}


@cache
def older_fragments() -> tuple[str, ...]:
    """Return the fragments of the rules `brics`, the most frequent first."""
    content = json.loads((files(__package__) / OLDER_FILE).read_text())
    return tuple(entry["smiles"] for entry in content["fragments"])
