"""A wrong specification names its place: every rule that spans fields carries a JSON pointer."""

from typing import Any

import pytest
from pydantic import ValidationError

from models.campaign.spec import CampaignSpec
from models.specs.base import FrozenModel
from models.specs.behaviour import BehaviourSpec
from models.specs.objectives import Constraint, Objective
from models.specs.sampler import LOSSES, SamplerSpec

DOMAIN = {"kind": "peptides", "min_length": 2, "max_length": 4}
MEASURED = {"name": "potency", "type": "IC50"}
MODELLED_AS_LOG10 = MEASURED | {"transform": "log10", "range": [1, 100]}
WINDOW = {"name": "window", "type": "IC50", "direction": "target", "target": 3}
LOGARITHMS = MEASURED | {"transform": "log10"}
GUARDRAIL = {"name": "g", "type": "hERG", "max": 10}
BUDGET = {"kind": "budget", "property": "length", "max": 100}


def campaign(**changes: Any) -> dict[str, Any]:
    return {"name": "A campaign", "domain": DOMAIN, "objectives": [MEASURED], **changes}


def pointers(model: type[FrozenModel], document: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(document)
    return [error.get("ctx", {}).get("pointer", "") for error in caught.value.errors()]


@pytest.mark.parametrize(
    ("model", "document", "pointer"),
    [
        (Objective, MEASURED | {"computed": "length"}, "/computed"),
        (Objective, MEASURED | {"direction": "target"}, "/target"),
        (Objective, MEASURED | {"target": 3}, "/target"),
        (Objective, MEASURED | {"range": [2, 1]}, "/range"),
        (Objective, MEASURED | {"transform": "log10", "range": [-1, 1]}, "/transform"),
        (Constraint, {"property": "length", "probability": 0.5, "max": 3}, "/probability"),
        (Constraint, {"property": "length", "min": 3, "max": 2}, "/min"),
        (SamplerSpec, {"loss": "hope"}, "/loss"),
        (SamplerSpec, {"start_from": "last"}, "/start_from"),
        (SamplerSpec, {"start_from": "11111111-2222"}, "/start_from"),
        (SamplerSpec, {"beta": [4, 2]}, "/beta"),
        (SamplerSpec, {"beta": [1, 1001]}, "/beta"),
        (BehaviourSpec, {"diverse_share": 0.6, "averaged_share": 0.5}, "/diverse_share"),
        (CampaignSpec, campaign(objectives=[MEASURED, MEASURED]), "/objectives/1/name"),
        (CampaignSpec, campaign(objectives=[{"name": "sequence"}]), "/objectives/0/name"),
        (CampaignSpec, campaign(objectives=[MODELLED_AS_LOG10, WINDOW | {"range": [0, 9]}]), "/objectives/1"),
        (CampaignSpec, campaign(objectives=[MODELLED_AS_LOG10, WINDOW | {"target": -3}]), "/objectives/1"),
        (CampaignSpec, campaign(guardrails=[GUARDRAIL, GUARDRAIL | {"type": "LogD"}]), "/guardrails/1/name"),
        (
            CampaignSpec,
            campaign(guardrails=[GUARDRAIL, GUARDRAIL | {"name": "G", "min": 1}]),
            "/guardrails/1/name",
        ),
        (
            CampaignSpec,
            campaign(guardrails=[GUARDRAIL | {"transform": "log10", "max": -1}]),
            "/guardrails/0/max",
        ),
        (
            CampaignSpec,
            campaign(guardrails=[GUARDRAIL | {"transform": "log10", "min": 0}]),
            "/guardrails/0/min",
        ),
        (
            CampaignSpec,
            campaign(objectives=[LOGARITHMS], guardrails=[{"name": "g", "type": "IC50", "min": -5}]),
            "/guardrails/0/min",
        ),
        (
            CampaignSpec,
            campaign(objectives=[LOGARITHMS], constraints=[{"type": "IC50", "max": 0, "probability": 0.5}]),
            "/constraints/0/max",
        ),
        (
            CampaignSpec,
            campaign(
                constraints=[{"type": "x", "transform": "log10", "min": -1, "max": 3, "probability": 0.5}]
            ),
            "/constraints/0/min",
        ),
        (
            CampaignSpec,
            campaign(constraints=[{"property": "length", "transform": "log10", "min": 0}]),
            "/constraints/0/min",
        ),
        (CampaignSpec, campaign(objectives=[{"name": "a", "computed": "charm"}]), "/objectives/0/computed"),
        (CampaignSpec, campaign(constraints=[{"property": "charm", "max": 1}]), "/constraints/0/property"),
        (
            CampaignSpec,
            campaign(
                batch={
                    "limits": [{"kind": "group", "by": "cluster", "max": 1}, BUDGET | {"property": "charm"}]
                }
            ),
            "/batch/limits/1/property",
        ),
        (
            CampaignSpec,
            campaign(acquisition={"kind": "expected_improvement", "functions": 4}),
            "/functions",
        ),
        (
            CampaignSpec,
            campaign(
                objectives=[{"name": f"y{number}"} for number in range(5)],
                acquisition={"kind": "expected_hypervolume_improvement"},
            ),
            "/acquisition/kind",
        ),
        (
            CampaignSpec,
            campaign(batch={"limits": [{"kind": "group", "by": "charm", "max": 1}]}),
            "/batch/limits/0/by",
        ),
        (
            CampaignSpec,
            campaign(batch={"limits": [{"kind": "shared", "column": "pH"}]}),
            "/batch/limits/0/column",
        ),
        (
            CampaignSpec,
            campaign(batch={"controls": [{"sequence": "AG"}, {"sequence": "?"}]}),
            "/batch/controls/1/sequence",
        ),
        (CampaignSpec, campaign(base_measure={"weights": {"3": 2, "5": 2}}), "/base_measure/weights/5"),
        (CampaignSpec, campaign(base_measure={"kind": "objects", "weights": {"3": 2}}), "/weights"),
        (CampaignSpec, campaign(batch={"controls": [{"charm": "AG"}]}), "/batch/controls/0/sequence"),
    ],
)
def test_a_rule_names_its_place(model: type[FrozenModel], document: dict[str, Any], pointer: str) -> None:
    assert pointers(model, document) == [pointer]


def test_batches_of_every_kind_of_limit_are_understood() -> None:
    limits = [BUDGET, *({"kind": "group", "by": by, "max": 2} for by in ("cluster", "length", "sequence"))]
    batch = {
        "limits": [*limits, {"kind": "shared", "column": "sequence"}],
        "controls": [{"sequence": " AG ", "helm": ""}],
    }
    assert len(CampaignSpec.model_validate(campaign(batch=batch)).batch.limits) == 5


def test_numbers_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValidationError):
        Objective.model_validate(MEASURED | {"range": [0, float("inf")]})


def test_every_assay_type_is_read_once_in_the_units_of_the_first_that_names_it() -> None:
    spec = CampaignSpec.model_validate(
        campaign(
            objectives=[
                MEASURED | {"units": "nM", "transform": "log10"},
                {"name": "length_", "computed": "length"},
            ],
            constraints=[{"type": "HC50", "min": 100, "units": "uM", "probability": 0.9}],
            guardrails=[{"name": "potency_floor", "type": "IC50", "max": 10}],
        )
    )
    quantities = spec.quantities()
    assert {name: quantity.units for name, quantity in quantities.items()} == {"IC50": "nM", "HC50": "uM"}


def test_losses_are_the_files() -> None:
    assert "trajectory_balance" in LOSSES
    assert "contract" not in LOSSES


def test_a_specification_survives_json() -> None:
    spec = CampaignSpec.model_validate(campaign())
    assert CampaignSpec.model_validate_json(spec.model_dump_json()) == spec


def test_a_base_measure_weighs_sizes_by_positive_numbers() -> None:
    asked = {"kind": "measured", "weights": {"2": 1, "4": 0.25}}
    spec = CampaignSpec.model_validate(campaign(base_measure=asked))
    assert spec.base_measure.weights == {2: 1.0, 4: 0.25}
    assert CampaignSpec.model_validate(spec.model_dump(mode="json")) == spec
    assert CampaignSpec.model_validate(campaign()).base_measure.kind == "sizes"
    for weights in ({"3": 0}, {"3": -1}, {"3": 1e9}, {"x": 1}, {"-2": 1}, {"2.5": 1}):
        with pytest.raises(ValidationError, match=r"base_measure\.weights"):
            CampaignSpec.model_validate(campaign(base_measure={"weights": weights}))
    with pytest.raises(ValidationError, match="no object here has 5 residues: they have 2 to 4"):
        CampaignSpec.model_validate(campaign(base_measure={"weights": {"5": 1}}))


def test_a_campaign_that_was_accepted_stays_readable_whatever_is_asked_of_new_ones() -> None:
    process = [{"name": "plate", "type": "categorical", "values": ["a", "b"]}]
    stored: dict[str, Any] = {
        "name": "old",
        "domain": {"kind": "materials", "space": "mixture", "process": process},
        "objectives": [{"name": "y"}],
        "sampler": {"loss": "forward_looking_detailed_balance", "beta": [1, 5000]},
    }
    with pytest.raises(ValidationError):
        CampaignSpec.model_validate(stored)
    assert CampaignSpec.from_stored(stored).sampler.beta == (1, 5000)
    for broken in ({"name": "old"}, stored | {"unheard": 1}, stored | {"objectives": []}):
        with pytest.raises(ValidationError):
            CampaignSpec.from_stored(broken)


@pytest.mark.parametrize(
    "changes",
    [
        {"guardrails": [GUARDRAIL, GUARDRAIL]},
        {"guardrails": [GUARDRAIL | {"transform": "log10", "max": -1}]},
        {"objectives": [LOGARITHMS], "constraints": [{"type": "IC50", "min": 0, "probability": 0.5}]},
    ],
)
def test_guardrails_and_bounds_that_are_stored_stay_readable(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CampaignSpec.model_validate(campaign(**changes))
    assert CampaignSpec.from_stored(campaign(**changes)).name == "A campaign"


def test_a_stored_sampler_begins_from_nothing_and_a_new_one_from_the_previous_round():
    assert SamplerSpec().start_from == SamplerSpec.model_validate({}).start_from == "previous"
    assert SamplerSpec.from_stored({}).start_from == "nothing"
    assert SamplerSpec.from_stored({"start_from": "previous"}).start_from == "previous"
    other = "11111111-2222-3333-4444-555555555555"
    assert str(SamplerSpec(start_from=other).other_campaign) == other
    assert SamplerSpec().other_campaign is None


def test_a_warm_round_takes_three_tenths_of_the_steps_unless_it_is_told_how_many():
    assert SamplerSpec(steps=2000).steps_when_warm == 600
    assert SamplerSpec(steps=250).steps_when_warm == 200
    assert SamplerSpec(steps=3).steps_when_warm == 3
    assert SamplerSpec(steps=100, warm_steps=70).steps_when_warm == 70


def test_a_stored_campaign_without_a_sampler_keeps_the_choices_of_its_time() -> None:
    sampler = CampaignSpec.from_stored(campaign()).sampler
    assert (sampler.beta, sampler.start_from, sampler.prior) == ((1.0, 64.0), "nothing", "none")


@pytest.mark.parametrize("beta", ["aut", [1], None, [5, 1], [0, 3]])
def test_a_wrong_range_of_beta_is_one_error_that_says_what_it_may_be(beta: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        SamplerSpec.model_validate({"beta": beta})
    (error,) = caught.value.errors()
    assert 'must be "auto" or [low, high]' in error["msg"]
