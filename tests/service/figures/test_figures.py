"""Every figure of campaigns in every state is drawn; missing data are explained."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.insights.build import insights
from models.insights.records import PastRound, ProposedObject
from models.records import Forecast, History, Measurement, Prediction
from models.summaries.round import read_round_summary
from service.figures import TITLES, draw

TEXTS = [format(number, "05b") for number in range(32)]
OBJECTIVES: list[dict[str, Any]] = [
    {"name": "glow", "range": [0, 5], "units": "mW"},
    {"name": "hum", "transform": "log10", "direction": "minimize"},
    {"name": "ones", "computed": "ones", "direction": "target", "target": 3},
    {"name": "more", "computed": "ones"},
]
CONVERGENCE = {"beta": 1.0, "kl": 0.5, "kl_error": 0.1, "effective_share": 0.8, "total_variation": 0.1}
PARTS = [
    {
        "part": "switch 1",
        "present": 3,
        "mean": 1.0,
        "mean_error": 0.1,
        "absolute": 1.0,
        "absolute_error": 0.1,
        "trend": 0.9,
    },
    {
        "part": "a" * 60,
        "present": 1,
        "mean": None,
        "mean_error": None,
        "absolute": 0.1,
        "absolute_error": None,
        "trend": None,
    },
]


def _insights_of(n_objectives: int, n_rounds: int, n_first: int = 12) -> dict[str, Any]:
    """Return the insights of a campaign in which everything happened at least once."""
    spec = {"name": "x", "domain": {"kind": "switches", "n": 5}, "objectives": OBJECTIVES[:n_objectives]}
    campaign = CampaignSpec.model_validate(spec)
    results, rounds, forecasts = [], [], []
    for index, text in enumerate(TEXTS[: n_first + 4 * n_rounds]):
        number = max(0, (index - n_first) // 4 + 1) or None
        is_failed = number is not None and index % 4 == 3
        results += [
            Measurement(
                text, kind, None if is_failed else value, outcome="insoluble" if is_failed else "ok", round=number
            )
            for kind, value in (("glow", text.count("1") + index / 40), ("hum", 10.0 ** (index % 5)))
        ]
    importance = {name: {"transform": "none", "units": None, "parts": PARTS} for name in ("glow", "hum")}
    for number in range(1, n_rounds + 1):
        texts = TEXTS[n_first + 4 * number - 4 : n_first + 4 * number]
        chosen = [
            ProposedObject(text, "exploit", "failed" if i == 3 else "measured", 0.5) for i, text in enumerate(texts)
        ]
        forecasts += [Forecast(number, text, "glow", Prediction(2.0, 1.0, 0.4, 3.6)) for text in texts]
        odd = CONVERGENCE | {"beta": 9.0, "kl": None, "kl_error": None, "total_variation": None}
        summary = {"convergence": [CONVERGENCE, odd], "importance": {"objectives": importance}}
        rounds.append(PastRound(number, "completed", tuple(chosen), read_round_summary(summary)))
    return insights(campaign, open_domain(campaign.domain), History(tuple(results), forecasts=tuple(forecasts)), rounds)


@pytest.mark.parametrize("figure", list(TITLES))
@pytest.mark.parametrize(
    ("n_objectives", "n_rounds", "n_first"), [(1, 1, 12), (2, 3, 12), (4, 2, 4), (1, 0, 12), (2, 1, 0)]
)
def test_every_figure_is_drawn(figure: str, n_objectives: int, n_rounds: int, n_first: int) -> None:
    svg = draw(_insights_of(n_objectives, n_rounds, n_first), figure, "svg").decode()
    assert ET.fromstring(svg).tag.endswith("svg")  # noqa: S314 - our own drawing
    assert "http" not in svg.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    ).replace("https://matplotlib.org", "")


@pytest.mark.parametrize("figure", list(TITLES))
def test_missing_data_are_explained_without_axes(figure: str) -> None:
    from service.figures import batches, model_diagnostics, objects, progress

    rooms = (batches, objects, progress, model_diagnostics)
    drawing = next(getattr(room, figure) for room in rooms if hasattr(room, figure))
    empty = drawing(_insights_of(2, 0, 0))
    assert not any(axes.axison for axes in empty.axes)
    assert any(text.get_text().endswith(".") for text in empty.texts)
    assert draw(_insights_of(2, 0, 0), figure, "png").startswith(b"\x89PNG")
