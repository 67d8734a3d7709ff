"""Where predictions held: errors by similarity, on tables where far objects can and cannot be predicted."""

import math

import pytest
import torch

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.proxies.reliability import HELD, Reliability, cluster_folds, fit_reliability
from models.records import History, Measurement
from models.rounds.fitting.fit import RoundModel, fit
from models.rounds.reporting.reasons import evidence_messages
from models.rounds.sampling.evaluated import evaluate_objects

N = 14
FAMILIES, MEMBERS = 10, 8


def test_errors_grow_with_distance_and_the_threshold_is_where_they_reach_the_mean() -> None:
    nearest = torch.linspace(1.0, 0.0, 120, dtype=torch.float64)
    errors = torch.where(nearest >= 0.4, 0.09, 1.2)
    found = fit_reliability(nearest, errors, torch.ones_like(nearest))
    assert found.threshold == pytest.approx(0.4, abs=0.06)
    assert found.ratio(torch.tensor([0.9], dtype=torch.float64)).item() == pytest.approx(0.3)
    assert found.ratio(torch.tensor([0.1, -1.0], dtype=torch.float64)).min() > HELD
    assert list(found.ratios) == sorted(found.ratios)
    assert Reliability.restored(found.state()) == found


def test_predictions_that_never_held_leave_nothing_inside() -> None:
    nearest = torch.linspace(1.0, 0.0, 40, dtype=torch.float64)
    found = fit_reliability(nearest, torch.ones_like(nearest), torch.ones_like(nearest))
    assert math.isinf(found.threshold)
    assert found.summary()["threshold"] is None


def test_folds_divide_no_cluster() -> None:
    similarity = torch.eye(6, dtype=torch.float64)
    similarity[0, 1] = similarity[1, 0] = similarity[4, 5] = similarity[5, 4] = 0.8
    folds = cluster_folds(similarity, 0.5).tolist()
    assert folds[0] == folds[1]
    assert folds[4] == folds[5]
    assert len(set(folds)) == 4


def families() -> dict[str, list[str]]:
    """Return far apart objects, each with neighbours that differ in one or two switches."""
    generator = torch.Generator().manual_seed(4)
    found: dict[str, list[str]] = {}
    while len(found) < FAMILIES:
        centre = "".join(map(str, torch.randint(2, (N,), generator=generator).tolist()))
        if all(sum(a != b for a, b in zip(centre, other, strict=True)) >= 5 for other in found):
            found[centre] = [_flipped(centre, place) for place in range(MEMBERS)]
    return found


def _flipped(text: str, *places: int) -> str:
    return "".join(str(1 - int(bit)) if row in places else bit for row, bit in enumerate(text))


def campaign(values: dict[str, float]) -> RoundModel:
    fields = {
        "name": "families",
        "domain": {"kind": "switches", "n": N},
        "objectives": [{"name": "glow"}],
        "proxies": {"kinds": ["gaussian_process"]},
    }
    spec = CampaignSpec.model_validate(fields)
    domain = open_domain(spec.domain)
    known = History(tuple(Measurement(text, "glow", value) for text, value in values.items()))
    return fit(spec, domain, domain.environment([]), known, 0, lambda *_: None)


def test_far_objects_are_outside_where_only_families_can_be_predicted() -> None:
    levels = torch.randn(FAMILIES, generator=torch.Generator().manual_seed(1)).tolist()
    members = families()
    model = campaign(
        {
            text: level + 0.05 * row
            for level, texts in zip(levels, members.values(), strict=True)
            for row, text in enumerate(texts)
        }
    )
    far = [_flipped(centre, *range(0, N, 2)) for centre in members]
    evidence = model.model.evidence
    assert evidence is not None
    judged = evidence.judge(far)
    objects, _ = evaluate_objects(model.model, [*members, *far])
    assert objects.in_domain is not None
    assert objects.in_domain[: len(members)].all()
    outside = judged.nearest[:, 0] < evidence.reliability["glow"].threshold
    assert outside.any()
    assert not objects.in_domain[len(members) :][outside].any()
    told = evidence_messages(
        evidence,
        [next(iter(members)), *[text for text, out in zip(far, outside.tolist(), strict=True) if out]],
    )
    assert told[0][0].code == "predictions_held_there"
    assert "of predicting the mean, so predictions held there" in told[0][0].text
    assert {line[0].code for line in told[1:]} <= {
        "predictions_not_held_there",
        "predictions_not_tested_there",
    }


def test_far_objects_are_inside_where_predictions_hold_everywhere() -> None:
    model = campaign({text: float(text.count("1")) for texts in families().values() for text in texts})
    evidence = model.model.evidence
    assert evidence is not None
    least = evidence.reliability["glow"].least[-1]
    assert evidence.reliability["glow"].threshold == pytest.approx(least)


def test_a_stated_similarity_and_a_stored_campaign_decide_by_distance() -> None:
    texts = {text: float(text.count("1")) for texts in families().values() for text in texts}
    domain = {"kind": "switches", "n": N}
    fields = {"name": "families", "domain": domain, "objectives": [{"name": "glow"}]}
    known = History(tuple(Measurement(text, "glow", value) for text, value in texts.items()))
    kinds = {"proxies": {"kinds": ["gaussian_process"]}}
    stated = CampaignSpec.model_validate(fields | kinds | {"applicability": {"min_similarity": 0.5}})
    for spec in (stated, CampaignSpec.from_stored(fields | kinds)):
        opened = open_domain(spec.domain)
        model = fit(spec, opened, opened.environment([]), known, 0, lambda *_: None)
        assert model.model.evidence is None
        assert model.model.applicability.threshold is not None
