"""The graph genetic algorithm of Jensen (2019, doi:10.1039/C8SC05372C) as implemented by `mol_ga`.

`mol_ga` (MIT) is a peer, never a dependency: `python -m benchmarks.peers.graph_ga` installs it into its own
folder, which is on the path only here. This module handles molecules; callers evaluate the children.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import torch

from models.domains.contract import Domain, InvalidObjectError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Generator

    from models.backtests.variation import Breed

FOLDER = Path(__file__).parents[1] / ".peers" / "mol_ga"
REQUIREMENT = "mol_ga==0.2.1"
MOST = 2**31


def installed() -> bool:
    """Return whether the peer's folder is there."""
    return FOLDER.is_dir()


def open_breed(domain: Domain) -> Breed:
    """Return a function that breeds molecules: crossover at bonds and rings, or a mutation of one.

    Raises:
        ModuleNotFoundError: if the peer is not installed.
    """
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))
    from mol_ga.graph_ga.gen_candidates import graph_ga_blended_generation  # type: ignore[import-not-found]

    def breed(parents: Sequence[str], generator: Generator) -> list[str]:
        rng = Random(int(torch.randint(MOST, (1,), generator=generator)))  # noqa: S311 - no secret
        children = graph_ga_blended_generation(list(parents), len(parents) // 2, rng)
        return [_allowed(domain, text) for text in sorted(children)]

    return breed


def _allowed(domain: Domain, text: str) -> str:
    """Return the canonical text of a child; empty if a campaign may not propose it."""
    try:
        canonical = domain.parse({"smiles": text})
    except InvalidObjectError:
        return ""
    return "" if domain.check(canonical) else canonical


def main() -> None:
    """Install the peer."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(FOLDER), REQUIREMENT]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
