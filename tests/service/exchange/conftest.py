"""A domain of small words and a campaign over it: enough to read results and write batches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest

from models.campaign.spec import CampaignSpec
from models.domains.contract import ComputedProperty, Domain, FileFormat, InvalidObjectError, ParsedObject
from models.records import NearestMeasured, Prediction, ProposedCandidate
from models.specs.base import DomainSpec
from models.specs.objectives import Objective
from service.exchange import BatchRow, CampaignView

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gpytorch.kernels import Kernel

    from models.domains.contract import FeatureGroup, Floats
    from models.gflownet.environment import Environment


class Words(Domain):
    """Objects are lower-case words; case does not matter when they are read."""

    object_columns = ("word", "spelling")
    groupings: ClassVar = {}
    computed: ClassVar = {"length": ComputedProperty("letters")}
    formats: ClassVar = {
        "txt": FileFormat("text/plain", lambda rows: "\n".join(row["object"] for row in rows).encode())
    }

    def read_object(self, fields: Mapping[str, str]) -> ParsedObject:
        text = fields.get("word") or fields.get("spelling") or ""
        if not text.isalpha():
            raise InvalidObjectError("word", f"{text!r} is no word")
        return ParsedObject(text.lower(), () if "word" in fields else ("read by its spelling",))

    def check(self, text: str) -> list[str]:
        del text
        return []

    def pattern(self, text: str) -> Callable[[str], bool]:
        return lambda word: text in word

    def group(self, texts: Sequence[str], name: str) -> list[str]:
        raise KeyError(name, texts)

    def properties(self, texts: Sequence[str], names: Sequence[str]) -> dict[str, Floats]:
        return {name: np.array([float(len(text)) for text in texts]) for name in names}

    def columns(self, text: str) -> dict[str, str | float]:
        return {"word": text}

    def display(self, text: str) -> str:
        return text

    def features(self, texts: Sequence[str]) -> Floats:
        return np.zeros((len(texts), 1))

    def parts(self, texts: Sequence[str]) -> tuple[FeatureGroup, ...]:
        del texts
        return ()

    def similarity(self, left: Sequence[str], right: Sequence[str]) -> Floats:
        return np.array([[float(a == b) for b in right] for a in left])

    def draw(self, texts: Sequence[str], captions: Sequence[str]) -> str:
        del texts, captions
        return "<svg/>"

    def environment(self, known: Sequence[str], device: str = "cpu") -> Environment:
        raise NotImplementedError(known, device)

    def kernel(self) -> Kernel:
        raise NotImplementedError


def make_spec(*objectives: Objective):
    fields = {
        name: field.default for name, field in CampaignSpec.model_fields.items() if not field.is_required()
    }
    return CampaignSpec.model_construct(
        name="words", domain=DomainSpec(kind="words"), objectives=objectives, **fields
    )


@pytest.fixture(scope="session")
def domain():
    return Words()


@pytest.fixture(scope="session")
def spec():
    """One measured objective in nM on a log scale, one measured without units, one computed."""
    return make_spec(
        Objective(name="potency", type="IC50", units="nM", transform="log10", direction="minimize"),
        Objective(name="solubility", type="logS"),
        Objective(name="size", computed="length"),
    )


@pytest.fixture(scope="session")
def spec_of():
    return make_spec


@pytest.fixture(scope="session")
def view(spec: CampaignSpec, domain: Domain):
    candidates = {
        "11111111-1111-4111-8111-111111111111": "alpha",
        "22222222-2222-4222-8222-222222222222": "beta",
    }
    return CampaignView(spec, domain, candidates)


@pytest.fixture(scope="session")
def control_row():
    """A candidate that no policy drew."""
    changes = {"beta": None, "preference": {}, "log_reward": None, "log_pf": None, "purpose": "control"}
    return BatchRow("id-c", "released", replace(_candidate(0, "alpha"), in_domain=True, **changes))


@pytest.fixture(scope="session")
def batch_rows():
    def rows(words: list[str], ids: list[str] | None = None) -> list[BatchRow]:
        return [
            BatchRow(ids[i] if ids else f"id-{i}", "released", _candidate(i, word))
            for i, word in enumerate(words)
        ]

    return rows


def _candidate(i: int, word: str) -> ProposedCandidate:
    return ProposedCandidate(
        rank=i + 1,
        object=word,
        predictions={
            "potency": Prediction(12.5, 0.3, 4.0, 40.0),
            "solubility": Prediction(-3.25, 0.5, -4.0, -2.5),
        },
        computed={"length": float(len(word))},
        acquisition=0.5,
        feasibility=1.0,
        guardrails={},
        beta=8.0,
        preference={"potency": 0.5, "solubility": 0.25, "size": 0.25},
        log_reward=1.0,
        log_pf=-3.0,
        nearest_measured=NearestMeasured("gamma", 0.25),
        reason="=SUM(A1) is a sentence, too",
    )
