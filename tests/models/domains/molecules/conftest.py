"""The default environment, built once, a uniform policy for rollouts, and kept collections."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
import torch

from models.domains import collections
from models.domains.collections import CollectionMissingError, CollectionReference
from models.domains.molecules import PLUGIN
from models.domains.molecules.spec import MoleculesSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from models.domains.molecules.domain import Molecules
    from models.domains.molecules.environment.fragment_trees import FragmentTrees


@pytest.fixture(scope="session")
def domain():
    return PLUGIN.open(MoleculesSpec())


@pytest.fixture(scope="session")
def default_env(domain: Molecules):
    return domain.environment([])


@pytest.fixture(scope="session")
def walk():
    def uniformly(env: FragmentTrees, n: int, seed: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        states = env.reset(n)
        for _ in range(env.max_steps):
            live = ~env.is_final(states)
            if not live.any():
                break
            mask = env.forward_mask(states)
            assert torch.equal(mask.any(dim=1), live)
            actions = torch.zeros(n, dtype=torch.int64)
            actions[live] = torch.multinomial(mask[live].double(), 1, generator=generator).squeeze(1)
            states = torch.where(live[:, None], env.step(states, actions), states)
        assert env.is_final(states).all()
        return states

    return uniformly


@pytest.fixture
def keep() -> Iterator[Callable[[str | bytes], CollectionReference]]:
    """Keep contents where this process reads collections."""
    contents: dict[str, bytes] = {}

    def source(digest: str) -> bytes:
        if digest not in contents:
            raise CollectionMissingError(digest)
        return contents[digest]

    def put(content: str | bytes) -> CollectionReference:
        raw = content.encode() if isinstance(content, str) else content
        digest = hashlib.sha256(raw).hexdigest()
        contents[digest] = raw
        return CollectionReference(collection=digest)

    collections.set_source(source)
    yield put
    collections.set_source(collections._no_source)
