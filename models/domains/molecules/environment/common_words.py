"""What chemists attach where, as choices of words of a vocabulary. See `fragments.common` for the counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import torch

from models.domains.molecules.fragments.common import common_attachments, common_sizes
from models.domains.molecules.fragments.compatibility import site_classes
from models.domains.molecules.fragments.rules import RULES
from models.gflownet.common_choices import CommonChoices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.domains.molecules.environment.lookup_tables import LookupTables
    from models.domains.molecules.fragments.fragments import Fragment


def common_words(
    fragments: Sequence[Fragment], tables: LookupTables, max_fragments: int
) -> CommonChoices | None:
    """Return how often each word is chosen first, and at a site of each class; None for older rules.

    Fragments of one core share its count, and so do the orbits of one environment by their sites. A site
    class is an environment with or without refusal of heteroatoms, so both have the counts of their
    environment.
    """
    rules = RULES[fragments[0].rules]
    if not rules.has_stereo:
        return None
    words, first_words = _words_of(fragments, tables), _first_words_of(fragments, tables)
    rows: list[tuple[int, int, float]] = []
    for (environment, core, own), count in common_attachments().items():
        if not environment:
            shared = first_words[core]
            rows += [(0, word, count / len(shared)) for word in shared]
            continue
        sites = words[core, own]
        place = 2 * rules.names.index(environment) + 1
        for word, n in sites.items():
            share = count * n / sites.total()
            rows += [(place, word, share), (place + 1, word, share)]
    contexts, chosen, weights = zip(*rows, strict=True) if rows else ((), (), ())
    device = tables.heavy_atoms.device
    return CommonChoices(
        torch.tensor(contexts, dtype=torch.int64, device=device),
        torch.tensor(chosen, dtype=torch.int64, device=device),
        torch.tensor(weights, dtype=torch.float64, device=device),
        {size: count for size, count in common_sizes().items() if size <= max_fragments},
    )


def _words_of(fragments: Sequence[Fragment], tables: LookupTables) -> Mapping[tuple[str, str], Counter[int]]:
    """Return the words of a core by the environment of the attached atom, each with its number of sites."""
    words: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    word_of_site = tables.word_of_site.tolist()
    for index, fragment in enumerate(fragments):
        names = RULES[fragment.rules].names
        for site, kind in enumerate(site_classes(fragment)):
            words[fragment.core, names[kind // 2]][word_of_site[index][site]] += 1
    return words


def _first_words_of(fragments: Sequence[Fragment], tables: LookupTables) -> Mapping[str, list[int]]:
    words: dict[str, list[int]] = defaultdict(list)
    for fragment, word in zip(fragments, tables.first_word.tolist(), strict=True):
        words[fragment.core].append(word)
    return words
