"""Structures of collections: trusted in a campaign's own normal form, else read as sent. Torch-free.

A collection is written in the normal form of the default settings, which merges tautomers. Whoever keeps
tautomers apart, or reads a substituent from its first atom on, needs the text that was sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.domains import collections
from models.domains.collections import sent_column
from models.domains.molecules.chemistry.molecules import COLUMN
from models.domains.molecules.chemistry.normal_form import named_form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.domains.collections import CollectionReference

AS_SENT = sent_column(COLUMN)
"""Column of a collection with structures as they were sent, where they differ."""


def is_standard(reference: CollectionReference, tautomers: str) -> bool:
    """Return whether the structures of a collection are canonical texts of a campaign with these tautomers.

    Raises:
        CollectionMissingError: without such a content, or if it was changed.
    """
    return collections.normal_form(reference) == named_form(tautomers)


def with_sent_structure(row: Mapping[str, str]) -> dict[str, str]:
    """Return a row of a collection with the structure that was sent."""
    return {**row, COLUMN: row.get(AS_SENT) or row.get(COLUMN, "")}
