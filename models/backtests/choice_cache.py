"""A cache of choices, so that a stopped replay continues where it was.

A choice is looked up by a digest of everything that it depends on, so another specification, table or release
does not match. Knows no metric and no storage.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping  # noqa: TC003 - pydantic reads it
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, final

import torch
from pydantic import TypeAdapter, ValidationError

from models.records import Prediction  # noqa: TC001 - pydantic reads it

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from models.backtests.contract import BacktestTask, Strategy
    from models.records import History


class ChoiceFile(Protocol):
    """The store of one backtest's choices; a cache, so any record may be missing."""

    def load(self) -> Iterable[bytes]:
        """Return the complete stored records."""

    def append(self, record: bytes) -> None:
        """Store one record."""


@final
@dataclass(frozen=True, slots=True)
class KeptChoice:
    """A strategy's choice with its cost."""

    key: str
    objects: tuple[str, ...]
    n_scored: int
    seconds: float
    predictions: Mapping[str, Mapping[str, Prediction]]


_RECORD = TypeAdapter(KeptChoice)


@final
class ChoiceCache:
    """Evaluates strategies for choices that are not stored yet.

    Args:
        store: the store of choices; None stores none.
        identity: identifies the constant inputs of all choices.
    """

    def __init__(self, store: ChoiceFile | None, identity: str) -> None:
        self._store = store
        self._identity = identity
        self._known = {} if store is None else {item.key: item for item in _read(store.load())}
        self._skipped: list[tuple[Strategy, BacktestTask, History, int, int]] = []

    def ask(
        self, method: tuple[str, Strategy], task: BacktestTask, history: History, k: int, seed: int
    ) -> KeptChoice:
        """Return the choice of a strategy (its name and instance), stored or computed.

        Stored choices on which one that is computed depends are repeated first.
        """
        name, strategy = method
        if self._store is None:
            return _made("", strategy, task, history, k, seed)
        parts = json.dumps([self._identity, name, k, seed, history.digest()])
        key = hashlib.sha256(parts.encode()).hexdigest()
        if key in self._known:
            if strategy.needs_earlier_choices(task):
                self._skipped.append((strategy, task, history, k, seed))
            return self._known[key]
        for earlier in [item for item in self._skipped if item[0] is strategy]:
            _made("", *earlier)
        self._skipped = []
        self._known[key] = _made(key, strategy, task, history, k, seed)
        self._store.append(_RECORD.dump_json(self._known[key]))
        return self._known[key]


def _made(key: str, method: Strategy, task: BacktestTask, history: History, k: int, seed: int) -> KeptChoice:
    began = time.perf_counter()
    with torch.random.fork_rng(devices=[]):
        # BoTorch restarts a failed fit from torch's global generator, whose state depends on earlier choices
        torch.manual_seed(seed)
        choice = method.choose(task, history, k, seed)
    seconds = time.perf_counter() - began
    return KeptChoice(key, choice.objects, choice.n_scored, seconds, choice.predictions)


def _read(records: Iterable[bytes]) -> Iterator[KeptChoice]:
    for record in records:
        with suppress(ValidationError):
            yield _RECORD.validate_json(record)
