"""A trained campaign that is played: more samples at any condition, and a judgement of anybody's objects.

Knows beliefs and, where a round left one, a policy; trains nothing and keeps nothing.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, final

import torch

from models.inference import UnservableError
from models.inference.conditional_sampler import ConditionalSampler
from models.inference.filters import request_filters, similarity_filter
from models.inference.requests import check, parse_object, resolved, split_by_condition
from models.inference.summary import reason_for, sampling_messages, sampling_summary
from models.messages.message import Message, as_summary, message
from models.random_streams import stream
from models.rounds.reporting.candidate_records import build_candidates, build_predictions, candidate_table
from models.rounds.reporting.summary import json_safe
from models.rounds.sampling.filters import CandidateFilter
from models.rounds.training.base_measure import EVERY_OBJECT
from models.rounds.training.state_reward import StateReward

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from models.campaign.requests import SampleRequest
    from models.gflownet.environment import Environment
    from models.inference.conditional_sampler import SampleResult
    from models.records import History, ObjectPrediction, ProposedCandidate
    from models.rounds.fitting.fit import RoundModel
    from models.rounds.sampling.candidate_pool import CandidatePool, TrainedSampler
    from models.rounds.training.base_measure import BaseMeasure
    from models.safety.screened_domain import ScreenedDomain

    Report = Callable[[float, str], None]

JUDGED = 512
"""Objects judged in one go at most."""
MOST_SIMILARITIES = 4_000_000
"""Similarities with measured objects that are held at once: bounds the memory of large campaigns."""
DRAWING = 0.9
"""Share of the progress of a request that drawing is."""


@final
class TrainedCampaign:
    """What a round believed, and the policy that it trained.

    Args:
        fitted: the round's beliefs and reward.
        domain: with today's hazard lists.
        environment: of the policy.
        source: draws samples; None where no round left a policy.
        messages: what a reader of every answer should know.
        measure: the base measure that the policy was trained with.
    """

    def __init__(
        self,
        fitted: RoundModel,
        domain: ScreenedDomain,
        environment: Environment,
        source: TrainedSampler | None,
        messages: Sequence[Message] = (),
        *,
        measure: BaseMeasure = EVERY_OBJECT,
    ) -> None:
        self.fitted = fitted
        self.source = source
        self.measure = measure
        self._domain = domain
        self._states = StateReward(environment, fitted.reward, measure.prior(environment))
        self._messages = tuple(messages)

    def sample(
        self, request: SampleRequest, now: History, report: Report
    ) -> tuple[tuple[ProposedCandidate, ...], dict[str, Any]]:
        """Return distinct new allowed objects sampled under the requested conditions, and the summary.

        They pass the gates that a batch passes, with what the campaign knows `now`, and come by condition,
        the best of each first. There are exactly as many as asked for, or the summary says why not. `like`
        draws neighbours of an object; `log_pf` is the policy's density in any case.

        Raises:
            UnservableError: if the request makes no sense for this campaign, or there is no policy.
            HazardError: if something on a hazard list came through nevertheless.
        """
        start, spec = time.monotonic(), self.fitted.model.spec
        if self.source is None:
            raise UnservableError(
                "/round", "no policy was kept of this round: it can judge objects, but draw none"
            )
        check(request, spec)
        requested = resolved(request, (), self.source.conditions.beta_range)
        seed = secrets.randbelow(2**31) if requested.seed is None else requested.seed
        shares = split_by_condition(requested, spec)
        rules, near, messages = request_filters(requested, self._domain), None, self._messages
        if requested.like is not None:
            text, near, note = self._similarity_test(requested)
            rules.append(similarity_filter(self._domain, text, requested.like.similarity))
            messages = (*note, *messages)
        candidate_filter = CandidateFilter(self.fitted, now, rules)
        drawer = ConditionalSampler(self.source, self._states, candidate_filter, shares, near)
        generator = torch.Generator(device=self.source.environment.device).manual_seed(seed)
        drawn = drawer.run(generator, lambda share, message: report(DRAWING * share, message))
        candidates, n_estimated = self._records(requested, drawn, seed) if drawn.rows else ((), 0)
        self._domain.assert_no_hazards(candidate.object for candidate in candidates)
        summary = sampling_summary(self.fitted, self.source, requested, shares, drawn, candidate_filter)
        summary |= {
            "log_pf_estimated": n_estimated,
            "seed": seed,
            "seconds": round(time.monotonic() - start, 3),
        }
        summary["base_measure"] = (
            self._sizes(drawn.pool(requested.n)) if drawn.rows else self.measure.summary()
        )
        lines = [*sampling_messages(self.source, requested, shares, drawn), *candidate_filter.messages()]
        summary |= as_summary([*lines, *messages])
        report(1.0, f"found {len(candidates)} samples")
        return candidates, json_safe(summary)

    def _sizes(self, pool: CandidatePool) -> dict[str, Any]:
        """Return the base measure with the sizes of the samples."""
        assert self.source is not None
        return self.measure.summary(chosen=self.source.environment.size(pool.states).tolist())

    def predict(self, texts: Sequence[str], now: History, report: Report) -> tuple[ObjectPrediction, ...]:
        """Return the predictions of objects (canonical texts), and why each could not be proposed.

        Objects are judged one part after the other, so that memory is bounded.
        """
        candidate_filter = CandidateFilter(self.fitted, now)
        size = max(1, min(JUDGED, MOST_SIMILARITIES // max(1, len(self.fitted.measured))))
        judged: list[ObjectPrediction] = []
        for first in range(0, len(texts), size):
            part = list(texts[first : first + size])
            report(first / len(texts), f"judged {first} of {len(texts)} objects")
            judged += build_predictions(*candidate_filter.explain_rejections(part), self.fitted)
        report(1.0, f"judged {len(texts)} objects")
        return tuple(judged)

    def _similarity_test(self, request: SampleRequest) -> tuple[str, Tensor, list[Message]]:
        """Return the object to resemble, the final state [W] to begin at, and messages about it.

        Raises:
            UnservableError: if the policy could not build it, not even without what no state can represent.
        """
        assert request.like is not None
        assert self.source is not None
        text = parse_object(self._domain, request.like.object, "/like/object")
        environment = self.source.environment
        forms = [(text, ""), *filter(None, [environment.simplified(text)])]
        for form, lost in forms:
            states, can_be_built = environment.states([form])
            if bool(can_be_built[0]):
                if not lost:
                    return text, states[0], []
                shown = self._domain.display(form)
                return text, states[0], [message("neighbours_of_simplified_object", lost=lost, display=shown)]
        raise UnservableError(
            "/like/object", "this round's policy cannot build the object, so it has no way back"
        )

    def _records(
        self, request: SampleRequest, drawn: SampleResult, seed: int
    ) -> tuple[tuple[ProposedCandidate, ...], int]:
        """Return the samples by condition, ranked within each, and for how many `log_pf` is an estimate."""
        assert self.source is not None
        pool = drawn.pool(request.n)
        likeness = self._likeness(request, pool)
        condition = pool.condition
        # per unit of beta, so that samples at drawn temperatures compare
        merit = (
            self.fitted.reward(pool.texts, condition.beta, condition.preference, condition.function)
            / condition.beta
        )
        keys = zip(drawn.owners, (-x for x in likeness), (-x for x in merit.tolist()), strict=True)
        order = [row for _, row in sorted(zip(keys, range(len(pool.texts)), strict=True))]
        chosen, likeness = pool.at(order), [likeness[row] for row in order]
        is_near, spec = request.like is not None, self.fitted.model.spec
        reasons = [
            reason_for(spec, chosen, row, like if is_near else None) for row, like in enumerate(likeness)
        ]
        table = candidate_table(chosen, reasons, self.fitted, self.source, stream(seed, "densities"))
        owners = [drawn.owners[row] for row in order]
        first = {owner: owners.index(owner) for owner in owners}
        candidates = enumerate(build_candidates(table, self.fitted))
        return tuple(
            replace(item, rank=row - first[owners[row]] + 1) for row, item in candidates
        ), table.n_estimated

    def _likeness(self, request: SampleRequest, pool: CandidatePool) -> list[float]:
        """Return similarities [N] to the object to resemble, 0 where there is none."""
        if request.like is None:
            return [0.0] * len(pool.texts)
        text = parse_object(self._domain, request.like.object, "/like/object")
        found: list[float] = self._domain.similarity(pool.texts, [text])[:, 0].tolist()
        return found
