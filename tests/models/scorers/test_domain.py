"""A domain with scorers scores every object once, in batches, and accepts numbers only."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from models.domains import installed, open_domain
from models.domains.contract import ComputedProperty
from models.records import Cancelled
from models.scorers.contract import Row, ScorerError
from models.scorers.domain import ScoredDomain

DOMAIN = open_domain(installed()["switches"].spec.model_validate({"kind": "switches", "n": 4}))
TEXTS = [f"{i:04b}" for i in range(16)]


class Counting:
    """Counts the switches that are off, and records its batches."""

    computes = ComputedProperty("switches that are off", "switches", (0.0, 4.0))

    def __init__(
        self, batch_size: int = 5, answer: Callable[[list[str]], Sequence[Any]] | None = None
    ) -> None:
        self.batch_size = batch_size
        self.batches: list[list[str]] = []
        self._answer = answer or (lambda texts: [text.count("0") for text in texts])

    def __call__(self, rows: Sequence[Row]) -> Sequence[Any]:
        assert all(row == {"switches": row["object"], "object": row["object"]} for row in rows)
        self.batches.append([str(row["object"]) for row in rows])
        return self._answer(self.batches[-1])


def zeros(texts: Sequence[str]) -> list[float]:
    return [float(text.count("0")) for text in texts]


def test_scorers_are_among_the_computed_properties():
    domain = ScoredDomain(DOMAIN, {"off": Counting()})
    assert list(domain.computed) == ["ones", "off"]
    assert domain.computed["off"].range == (0.0, 4.0)
    values = domain.properties(TEXTS, ["off", "ones"])
    assert list(values) == ["off", "ones"]
    np.testing.assert_array_equal(values["off"], zeros(TEXTS))
    np.testing.assert_array_equal(values["ones"], 4 - values["off"])
    assert domain.properties([], ["off"])["off"].shape == (0,)
    assert list(DOMAIN.computed) == ["ones"]


def test_each_object_is_scored_once_and_in_batches():
    scorer = Counting()
    domain = ScoredDomain(DOMAIN, {"off": scorer})
    domain.properties([*TEXTS[:7], *TEXTS[:3]], ["off"])
    assert scorer.batches == [TEXTS[:5], TEXTS[5:7]]
    np.testing.assert_array_equal(domain.properties(TEXTS[5:9], ["off"])["off"], zeros(TEXTS[5:9]))
    assert scorer.batches[2:] == [TEXTS[7:9]]
    domain.properties(TEXTS, ["ones"])
    assert len(scorer.batches) == 3


def test_what_is_kept_is_bounded_and_answers_are_not():
    scorer = Counting()
    domain = ScoredDomain(DOMAIN, {"off": scorer}, most_kept=4)
    for _ in range(2):
        np.testing.assert_array_equal(domain.properties(TEXTS, ["off"])["off"], zeros(TEXTS))
    domain.properties(TEXTS[8:12], ["off"])  # the latest
    assert sum(map(len, scorer.batches)) == 16 + 12


def test_none_and_nan_are_missing_values_and_known_ones():
    scorer = Counting(
        answer=lambda texts: [None, float("nan"), np.float32(1.5), torch.tensor(2)][: len(texts)]
    )
    domain = ScoredDomain(DOMAIN, {"off": scorer})
    for _ in range(2):
        np.testing.assert_array_equal(
            domain.properties(TEXTS[:4], ["off"])["off"], [np.nan, np.nan, 1.5, 2.0]
        )
    assert len(scorer.batches) == 1


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ([1.0], "1 values for 2 objects"),
        ([1.0, 2.0, 3.0], "3 values for 2 objects"),
        ([1.0, float("inf")], "infinite"),
        ([1.0, "2"], "a text"),
        ([1.0, [2.0]], "a list"),
        ([1.0, 10**400], "a int"),
    ],
)
def test_an_answer_that_is_none_names_the_scorer(answer: list[Any], why: str):
    domain = ScoredDomain(DOMAIN, {"off": Counting(answer=lambda _: answer)})
    with pytest.raises(ScorerError, match=f"scorer 'off': .*{why}"):
        domain.properties(TEXTS[:2], ["off"])


def test_the_work_can_be_stopped_between_batches():
    heard: list[int] = []

    def listen() -> None:
        heard.append(1)
        if len(heard) == 3:
            raise Cancelled

    scorer = Counting()
    with pytest.raises(Cancelled):
        ScoredDomain(DOMAIN, {"off": scorer}, listen).properties(TEXTS, ["off"])
    assert scorer.batches == [TEXTS[:5], TEXTS[5:10]]


def test_a_scorer_comes_before_a_property_that_the_domain_gained_later():
    domain = ScoredDomain(DOMAIN, {"ones": Counting()})
    np.testing.assert_array_equal(domain.properties(TEXTS, ["ones"])["ones"], zeros(TEXTS))
