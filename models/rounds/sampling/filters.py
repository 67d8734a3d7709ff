"""What may be proposed at all: new, allowed, likely to satisfy what is asked of it, and safe.

Counts what it refuses.
Knows beliefs, the history and the domain's rules; not where objects come from or which are the best.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import isinf
from typing import TYPE_CHECKING, Any, final

import torch

from models.data.tables import relevant, success_rates
from models.domains.contract import HAZARD
from models.messages.message import Message, message
from models.proxies.reliability import HELD
from models.rounds.sampling.evaluated import evaluate_objects
from models.safety import guardrails

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from models.records import History
    from models.reward.evaluation import Evaluation
    from models.rounds.fitting.fit import RoundModel
    from models.rounds.sampling.evaluated import EvaluatedObjects
    from models.specs.objectives import Guardrail

Rule = Callable[[str], str | None]
"""Tells of an object why it is not wanted, or None."""


@final
@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason not to propose an object.

    `key` is what summaries count it under, `message` is for a reader.
    """

    key: str
    message: Message


EXCLUDED = Refusal("excluded", message("refused_as_excluded"))
TRIED = Refusal("already tried", message("refused_as_tried"))
MEASURED = Refusal("already measured", message("refused_as_measured"))
PENDING = Refusal("pending", message("refused_as_pending"))


@final
class CandidateFilter:
    """Tells new allowed objects from others, and remembers how many it refused for each reason.

    Args:
        fitted: what is believed.
        history: what is known now, which may be more than the beliefs were fitted to.
        wishes: further rules of whoever asks for objects.
    """

    def __init__(self, fitted: RoundModel, history: History, wishes: Sequence[Rule] = ()) -> None:
        self._fitted = fitted
        self._wishes = wishes
        known = relevant(history.measurements, fitted.model.spec.quantities())
        attempted = {**fitted.attempted, **success_rates(known)}
        self._closed = dict.fromkeys(history.excluded, EXCLUDED)
        self._closed |= dict.fromkeys(attempted, TRIED)
        self._closed |= dict.fromkeys((name for name, share in attempted.items() if share > 0), MEASURED)
        self._closed |= dict.fromkeys(history.pending, PENDING)
        self._seen: set[str] = set()
        self._released: set[str] = set()
        self._built_as: dict[str, str] = {}
        self._refused: Counter[str] = Counter()
        self._bounds_seen: list[Tensor] = []
        self._n_inside = self._n_judged = self._n_variants = 0

    @property
    def n_unique(self) -> int:
        """How many distinct objects came by, with all their variants as one."""
        return len(self._seen) - self._n_variants

    def counts(self) -> dict[str, int]:
        """Return how many were refused by reason, most first."""
        return dict(self._refused.most_common())

    def filter_new(self, texts: Sequence[str]) -> list[int]:
        """Return the rows of texts that are new objects, not known and within the domain's rules."""
        rows = []
        for row, text in enumerate(texts):
            reason = self._reason(text)
            if reason is None:
                rows.append(row)
            else:
                self._refused[reason] += 1
        return rows

    def admit(self, texts: Sequence[str]) -> list[tuple[int, str]]:
        """Return the rows of built objects that are new and allowed, each with an object to propose for it.

        A row may come several times: with every variant that is new and allowed itself. What was tried
        before its variants could be told apart counts as tried in all of them.
        """
        admitted = []
        for row, built in enumerate(texts):
            text = self._fitted.domain.standard_form(built) if built else built
            reason = self._reason(text)
            if reason is None:
                variants = self._fitted.domain.variants(text)
                before = len(self._seen)
                reasons = {item: None if item == text else self._reason(item) for item in variants}
                self._n_variants += len(self._seen) - before
                found = [item for item in variants if reasons[item] is None]
                self._built_as |= {item: text for item in found if item != text}
                admitted += [(row, item) for item in found]
                reason = None if found else reasons[variants[0]]
            if reason is not None:
                self._refused[reason] += 1
        return admitted

    def best_variants(self, objects: EvaluatedObjects, rows: Sequence[int]) -> list[int]:
        """Return the places of N objects that are worth most among those of the same row, in their order."""
        if len(set(rows)) == len(rows):
            return list(range(len(rows)))
        n_objectives = len(self._fitted.model.spec.objectives)
        even = torch.full((len(rows), n_objectives), 1.0 / n_objectives, dtype=torch.float64)
        worth = self._fitted.reward.value(objects.texts, even).tolist()
        best: dict[int, int] = {}
        for place, row in enumerate(rows):
            if row not in best or worth[place] > worth[best[row]]:
                best[row] = place
        return sorted(best.values())

    def _reason(self, text: str) -> str | None:
        """Return why a text is no new allowed object."""
        if not text:
            return "not an object"
        if text in self._seen and text not in self._released:
            return "sampled before"
        self._seen.add(text)
        self._released.discard(text)
        if text in self._closed:
            return self._closed[text].key
        broken = self._fitted.domain.check(text)
        if not broken:
            return next((reason for wish in self._wishes if (reason := wish(text)) is not None), None)
        # Audits look for the list that refused an object; of other rules only the kind is counted.
        return broken[0].message if broken[0].code == HAZARD else f"rule: {broken[0].code}"

    def allow_again(self, texts: Sequence[str]) -> None:
        """Let objects be admitted once more: they passed and were not needed."""
        self._released.update(texts)
        self._released.update(self._built_as[text] for text in texts if text in self._built_as)

    def filter_constraints(self, texts: Sequence[str]) -> tuple[EvaluatedObjects, list[int]]:
        """Return the objects that satisfy constraints and guardrails, and their rows in `texts`."""
        objects, evaluation = evaluate_objects(self._fitted.model, texts)
        self._bounds_seen.append(objects.bounds)
        self._n_judged += len(objects)
        self._n_inside += len(objects) if objects.in_domain is None else int(objects.in_domain.sum())
        reasons = self._reasons(evaluation, objects.bounds)
        kept = [row for row, found in enumerate(reasons) if not found]
        self._refused.update(found[0].key for found in reasons if found)
        return objects.at(kept), kept

    def explain_rejections(self, texts: Sequence[str]) -> tuple[EvaluatedObjects, list[tuple[Refusal, ...]]]:
        """Return any N objects with every reason [N] that speaks against proposing each.

        Nothing is counted.
        """
        objects, evaluation = evaluate_objects(self._fitted.model, texts)
        against = [
            tuple(filter(None, [self._closed.get(text), *self._broken_rules(text), *reasons]))
            for text, reasons in zip(texts, self._reasons(evaluation, objects.bounds), strict=True)
        ]
        return objects, against

    def _broken_rules(self, text: str) -> list[Refusal]:
        return [
            Refusal(item.message, message("refused_by_rule", rule=item.code, detail=item.message))
            for item in self._fitted.domain.check(text)
        ]

    def summary(self) -> dict[str, Any]:
        """Return what the guardrails refused and the share of samples in the applicability domain."""
        model = self._fitted.model
        is_defined = model.applicability.threshold is not None or model.evidence is not None
        is_known = is_defined and self._n_judged > 0
        share = self._n_inside / self._n_judged if is_known else None
        rails = {rail.name: guardrails.summary(rail, bounds) for rail, bounds in self._rails()}
        held = {} if model.evidence is None else model.evidence.summary()
        near = model.applicability.summary() | {"share_inside": share, "held": held}
        return {"guardrails": rails, "applicability": near}

    def messages(self) -> list[Message]:
        """Return what a reader of the round should know of guardrails and of the applicability domain."""
        lines = [guardrails.refusals(rail, bounds) for rail, bounds in self._rails()]
        model = self._fitted.model
        if model.evidence is None:
            return [*lines, *model.applicability.messages()]
        nowhere = [kind for kind, found in model.evidence.reliability.items() if isinf(found.threshold)]
        return [
            *lines,
            *([message("predictions_held_nowhere", types=nowhere, share=HELD)] if nowhere else []),
        ]

    def _rails(self) -> list[tuple[Guardrail, Tensor]]:
        """Return every guardrail with the bounds of all objects that came so far."""
        rails = self._fitted.model.spec.guardrails
        seen = torch.cat([torch.zeros(0, len(rails), dtype=torch.float64), *self._bounds_seen])
        return [(rail, seen[:, column]) for column, rail in enumerate(rails)]

    def _reasons(self, evaluation: Evaluation, bounds: Tensor) -> list[list[Refusal]]:
        """Return the reasons to refuse each object, the first being the one that counts."""
        spec, judged = self._fitted.model.spec, self._fitted.model.enforced_constraints
        computed = Refusal("constraint on a computed property", message("refused_by_computed_constraint"))
        missing = Refusal(
            "a computed objective does not exist", message("refused_without_computed_objective")
        )
        tests = [
            (computed, ~evaluation.is_allowed),
            (missing, ~evaluation.objectives.mean.isfinite().all(dim=1)),
        ]
        for column, item in enumerate(judged):
            assert item.probability is not None
            reason = message("refused_by_constraint", type=item.type, probability=item.probability)
            fails = evaluation.constraint_probabilities[:, column] < item.probability
            tests.append((Refusal(f"constraint on {item.type}", reason), fails))
        for column, rail in enumerate(spec.guardrails):
            reason = message("refused_by_guardrail", guardrail=rail.name, risk=rail.risk)
            tests.append((Refusal(f"guardrail {rail.name}", reason), bounds[:, column] > rail.risk))
        reasons: list[list[Refusal]] = [[] for _ in range(len(bounds))]
        for refusal, fails in tests:
            for row in fails.nonzero().squeeze(-1).tolist():
                reasons[row].append(refusal)
        return reasons
