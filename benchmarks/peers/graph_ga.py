"""The graph genetic algorithm of Jensen (2019, doi:10.1039/C8SC05372C) as implemented by `mol_ga`.

`mol_ga` (MIT) is a peer, never a dependency: `python -m benchmarks.peers.graph_ga` installs it into its own
folder, which is on the path only here. This module handles molecules; callers evaluate the children.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import torch

from benchmarks.peers.folders import PeerFolder
from models.domains.contract import Domain, InvalidObjectError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Generator

    from models.backtests.variation import Breed

PEER = PeerFolder("mol_ga", "benchmarks.peers.graph_ga", (("--no-deps", "mol_ga==0.2.1"),))
MOST = 2**31


def open_breed(domain: Domain) -> Breed:
    """Return a function that breeds molecules: crossover at bonds and rings, or a mutation of one.

    Raises:
        ModuleNotFoundError: if the peer is not installed.
    """
    generate = PEER.open("mol_ga.graph_ga.gen_candidates").graph_ga_blended_generation

    def breed(parents: Sequence[str], generator: Generator) -> list[str]:
        rng = Random(int(torch.randint(MOST, (1,), generator=generator)))  # noqa: S311 - no secret
        children = generate(list(parents), len(parents) // 2, rng)
        return [_allowed(domain, text) for text in sorted(children)]

    return breed


def _allowed(domain: Domain, text: str) -> str:
    """Return the canonical text of a child; empty if a campaign may not propose it."""
    try:
        canonical = domain.parse({"smiles": text})
    except InvalidObjectError:
        return ""
    return "" if domain.check(canonical) else canonical


if __name__ == "__main__":
    PEER.install()
