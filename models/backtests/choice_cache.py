"""Choices kept as they are made, so that a replay that was stopped goes on where it was.

A kept choice is found by a digest of everything that it depends on, and in no other way: another specification, table
or release finds nothing. Knows no figure, and not where choices are kept.
"""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, final

import torch
from pydantic import TypeAdapter, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from models.backtests.contract import BacktestTask, Strategy
    from models.records import History


class ChoiceFile(Protocol):
    """Where the choices of one backtest are kept; a cache, so any of them may be missing."""

    def load(self) -> Iterable[bytes]:
        """Return the kept records that are whole."""

    def append(self, record: bytes) -> None:
        """Keep one more record."""


@final
@dataclass(frozen=True, slots=True)
class KeptChoice:
    """What a method chose, and what that cost when it was asked."""

    key: str
    objects: tuple[str, ...]
    n_scored: int
    seconds: float


_RECORD = TypeAdapter(KeptChoice)


@final
class ChoiceCache:
    """Asks methods for what was not chosen yet.

    Args:
        store: where choices are kept; None keeps none.
        identity: names all that is the same for every choice and that choices depend on.
    """

    def __init__(self, store: ChoiceFile | None, identity: str) -> None:
        self._store = store
        self._identity = identity
        self._known = {} if store is None else {item.key: item for item in _read(store.load())}

    def ask(self, method: tuple[str, Strategy], task: BacktestTask, history: History, k: int, seed: int) -> KeptChoice:
        """Return the choice of a method (its name, and itself), kept or made."""
        name, strategy = method
        if self._store is None:
            return _made("", strategy, task, history, k, seed)
        parts = json.dumps([self._identity, name, k, seed, history.digest()])
        key = hashlib.sha256(parts.encode()).hexdigest()
        if key not in self._known:
            self._known[key] = _made(key, strategy, task, history, k, seed)
            self._store.append(_RECORD.dump_json(self._known[key]))
        return self._known[key]


def _made(key: str, method: Strategy, task: BacktestTask, history: History, k: int, seed: int) -> KeptChoice:
    began = time.perf_counter()
    with torch.random.fork_rng(devices=[]):
        # BoTorch starts a failed fit again from torch's global generator, which would remember the choices before
        torch.manual_seed(seed)
        choice = method.choose(task, history, k, seed)
    return KeptChoice(key, choice.objects, choice.n_scored, time.perf_counter() - began)


def _read(records: Iterable[bytes]) -> Iterator[KeptChoice]:
    for record in records:
        with suppress(ValidationError):
            yield _RECORD.validate_json(record)
